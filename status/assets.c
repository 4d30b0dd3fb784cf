/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "status/assets.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

enum { CODED = 64 };

static char policy[512];

static void hash(const char *text, char coded[CODED])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];

	SHA256((const uint8_t *)text, strlen(text), digest);
	(void)EVP_EncodeBlock((uint8_t *)coded, digest, sizeof(digest));
}

void assets_prepare(void)
{
	char style[CODED], script[CODED];

	hash(assets_style, style);
	hash(assets_script, script);
	(void)snprintf(
		policy, sizeof(policy),
		"content-security-policy: default-src 'none'; style-src 'sha256-%s'; "
		"script-src 'sha256-%s'; connect-src 'self'; base-uri 'none'; "
		"form-action 'none'; frame-ancestors 'none'\r\n",
		style, script);
}

const char *assets_policy(void)
{
	return policy;
}
