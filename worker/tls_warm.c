/* SPDX-License-Identifier: MIT */
/* Work that would be done again in every worker, done before the fork. */
#include "config.h"

#include "worker/tls_warm.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

enum { STEPS_MAX = 20 }; /* a handshake takes four */

/* Where distributions keep the bundle; OpenSSL's own default comes first. */
static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt", /* Debian, Ubuntu, Alpine */
	"/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora */
	"/etc/ssl/cert.pem",
};

static bool load_file(X509_STORE *store, const char *file)
{
	return file && access(file, R_OK) == 0 && X509_STORE_load_file(store, file) == 1;
}

static bool load_any(X509_STORE *store)
{
	if (load_file(store, getenv("SSL_CERT_FILE")) ||
	    load_file(store, X509_get_default_cert_file()))
		return true;
	for (size_t i = 0; i < sizeof(bundles) / sizeof(bundles[0]); i++)
		if (load_file(store, bundles[i]))
			return true;
	return false;
}

X509_STORE *tls_warm_ca_store(void)
{
	X509_STORE *store = X509_STORE_new();
	const char *folder = getenv("SSL_CERT_DIR");
	bool is_loaded;

	if (!store)
		return NULL;
	is_loaded = load_any(store);
	if (folder && X509_STORE_load_path(store, folder) == 1)
		is_loaded = true;
	if (!is_loaded && X509_STORE_set_default_paths(store) != 1) {
		X509_STORE_free(store);
		return NULL;
	}
	return store;
}

/* A certificate nobody ever checks, for a key nobody ever uses again. */
static X509 *make_certificate(EVP_PKEY *key)
{
	X509 *certificate = X509_new();

	if (!certificate)
		return NULL;
	X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_set_pubkey(certificate, key);
	X509_sign(certificate, key, EVP_sha256());
	return certificate;
}

static void shake_hands(SSL *server, SSL *client)
{
	BIO *ends[2] = { NULL, NULL };

	if (BIO_new_bio_pair(&ends[0], 0, &ends[1], 0) != 1)
		return;
	SSL_set_bio(server, ends[0], ends[0]);
	SSL_set_bio(client, ends[1], ends[1]);
	SSL_set_accept_state(server);
	SSL_set_connect_state(client);
	for (int i = 0; i < STEPS_MAX; i++) {
		int a = SSL_do_handshake(client);
		int b = SSL_do_handshake(server);

		if (a == 1 && b == 1)
			break;
	}
}

void tls_warm_handshake(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = key ? make_certificate(key) : NULL;
	SSL_CTX *server = SSL_CTX_new(TLS_server_method());
	SSL_CTX *client = SSL_CTX_new(TLS_client_method());
	SSL *a = NULL, *b = NULL;

	if (certificate && server && client &&
	    SSL_CTX_use_certificate(server, certificate) == 1 &&
	    SSL_CTX_use_PrivateKey(server, key) == 1) {
		a = SSL_new(server);
		b = SSL_new(client);
		if (a && b)
			shake_hands(a, b);
	}
	SSL_free(a);
	SSL_free(b);
	SSL_CTX_free(server);
	SSL_CTX_free(client);
	X509_free(certificate);
	EVP_PKEY_free(key);
}
