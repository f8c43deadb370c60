#pragma once

#include <vector>

#include "prox/config/loader.h"

namespace prox::master {

// A load of a config names certificates and directories of them, but does not read them: OpenSSL does, later. Adds the files that are in
// the directories, and gives all of them the digest of what is there now. Called before they are read, so that what is put there in between
// differs from it.
void enter_certificates(std::vector<config::WatchedPath>& paths);

}  // namespace prox::master
