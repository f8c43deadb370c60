#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Makes ClientHellos for tests, right ones and wrong ones.
namespace prox::test {

inline std::string number(std::size_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text.push_back(static_cast<char>(value >> (8 * i) & 0xff));
  return text;
}

// Behind its length, of so many bytes.
inline std::string vector_of(std::string_view content, int length_bytes) {
  return number(content.size(), length_bytes) + std::string(content);
}

inline std::string server_name_extension(std::string_view name) {
  return number(0, 2) + vector_of(vector_of('\0' + vector_of(name, 2), 2), 2);
}

inline std::string alpn_extension(const std::vector<std::string>& protocols) {
  std::string list;
  for (const std::string& protocol : protocols) list += vector_of(protocol, 1);
  return number(16, 2) + vector_of(vector_of(list, 2), 2);
}

// An extension that nobody needs to understand.
inline std::string other_extension(std::size_t type, std::size_t bytes) {
  return number(type, 2) + vector_of(std::string(bytes, 'x'), 2);
}

struct HelloParts {
  std::string session_id = std::string(32, 's');
  std::string cipher_suites = "\x13\x01\x13\x02";
  std::string compression = std::string(1, '\0');
  std::optional<std::string> extensions = std::string();
};

// The handshake message, without records.
inline std::string hello_message(const HelloParts& parts) {
  std::string body = "\x03\x03" + std::string(32, 'r') + vector_of(parts.session_id, 1) +
                     vector_of(parts.cipher_suites, 2) + vector_of(parts.compression, 1);
  if (parts.extensions) body += vector_of(*parts.extensions, 2);
  return '\x01' + vector_of(body, 3);
}

inline std::string hello_message(std::string extensions) {
  HelloParts parts;
  parts.extensions = std::move(extensions);
  return hello_message(parts);
}

// The message in records of `size` bytes at most.
inline std::string in_records(std::string_view message, std::size_t size = 16384) {
  std::string records;
  while (!message.empty()) {
    const std::string_view fragment = message.substr(0, size);
    records += "\x16\x03\x01" + vector_of(fragment, 2);
    message.remove_prefix(fragment.size());
  }
  return records;
}

inline std::string hello_for(std::string_view name) {
  return in_records(hello_message(server_name_extension(name)));
}

}  // namespace prox::test
