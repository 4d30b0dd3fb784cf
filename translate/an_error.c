/* SPDX-License-Identifier: MIT */
/* The table of errors and their JSON body (Anthropic API reference, "Errors"). */
#include "config.h"

#include "translate/an_error.h"

#include "translate/jput.h"

const struct an_error_info an_errors[AN_ERROR_KINDS] = {
	[AN_INVALID_REQUEST] = { 400, "Bad Request", "invalid_request_error", true },
	[AN_AUTHENTICATION] = { 401, "Unauthorized", "authentication_error", true },
	[AN_BILLING] = { 402, "Payment Required", "billing_error", true },
	[AN_PERMISSION] = { 403, "Forbidden", "permission_error", true },
	[AN_NOT_FOUND] = { 404, "Not Found", "not_found_error", true },
	[AN_METHOD_NOT_ALLOWED] = { 405, "Method Not Allowed", "invalid_request_error",
				    true },
	[AN_REQUEST_TIMEOUT] = { 408, "Request Timeout", "invalid_request_error", true },
	[AN_LENGTH_REQUIRED] = { 411, "Length Required", "invalid_request_error", true },
	[AN_TOO_LARGE] = { 413, "Payload Too Large", "request_too_large", true },
	[AN_MEDIA_TYPE] = { 415, "Unsupported Media Type", "invalid_request_error",
			    true },
	[AN_EXPECTATION] = { 417, "Expectation Failed", "invalid_request_error", true },
	[AN_HEAD_TOO_LARGE] = { 431, "Request Header Fields Too Large",
				"invalid_request_error", true },
	[AN_RATE_LIMIT] = { 429, "Too Many Requests", "rate_limit_error", false },
	[AN_SPENT] = { 429, "Too Many Requests", "billing_error", false },
	[AN_API] = { 500, "Internal Server Error", "api_error", false },
	[AN_NOT_SUPPORTED] = { 501, "Not Implemented", "not_supported", true },
	[AN_BAD_UPSTREAM] = { 502, "Bad Gateway", "api_error", false },
	[AN_TIMEOUT] = { 504, "Gateway Timeout", "timeout_error", false },
	[AN_OVERLOADED] = { 529, "Overloaded", "overloaded_error", false },
};

void an_error_body(struct buf *b, const struct an_error *e, struct str request_id)
{
	buf_lit(b, "{\"type\":\"error\",\"error\":{\"type\":\"");
	buf_adds(b, str_of(an_errors[e->kind].type));
	buf_lit(b, "\",\"message\":");
	jput_str(b, e->message);
	if (e->details) {
		buf_lit(b, ",\"details\":");
		buf_adds(b, str_of(e->details));
	}
	buf_lit(b, "}");
	if (request_id.len > 0) {
		buf_lit(b, ",\"request_id\":");
		jput_str(b, request_id);
	}
	buf_lit(b, "}");
}
