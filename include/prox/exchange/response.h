#pragma once

#include <initializer_list>

#include "prox/exchange/exchange.h"

namespace prox::exchange {

// Sends x.response, the final head, after what the config says about its fields (`response_headers`) and its coding (`compress`). All
// that is sent to clients with a body or without passes here, whoever made it; x.sink may be another one afterwards.
void send_head(Exchange& x, http::BodyFraming body);

// From the client's side, after ResponseSink::is_backed_up(): more of the response may be sent.
void tell_drained(Exchange& x);

// A short answer that prox makes itself: the status, these fields, and its reason phrase as text. Slices of `fields` must live until this
// returns.
void answer(Exchange& x, int status, std::initializer_list<http::Field> fields = {});

}  // namespace prox::exchange
