/* SPDX-License-Identifier: MIT */
/* Work that would be done again in every worker, done before the fork. */
#include "config.h"

#include "worker/tls_warm.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <unistd.h>

#define GREETING "warm"

enum { STEPS_MAX = 20 }; /* a handshake takes four */

/* Where distributions keep the bundle; OpenSSL's own default comes first. */
static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt", /* Debian, Ubuntu, Alpine */
	"/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora */
	"/etc/ssl/cert.pem",
};

static bool load_file(X509_STORE *store, const char *file)
{
	return access(file, R_OK) == 0 && X509_STORE_load_file(store, file) == 1;
}

/*
 * Whole files, because a folder is read lazily, by each worker for itself. Without any,
 * OpenSSL's folder is better than nothing.
 */
static bool load_system(X509_STORE *store)
{
	if (load_file(store, X509_get_default_cert_file()))
		return true;
	for (size_t i = 0; i < sizeof(bundles) / sizeof(bundles[0]); i++)
		if (load_file(store, bundles[i]))
			return true;
	return X509_STORE_set_default_paths(store) == 1;
}

/* Whoever names his own authorities does not want the system's as well. */
static bool load(X509_STORE *store)
{
	const char *file = getenv(X509_get_default_cert_file_env());
	const char *folder = getenv(X509_get_default_cert_dir_env());

	if (!file && !folder)
		return load_system(store);
	return (!file || load_file(store, file)) &&
	       (!folder || X509_STORE_load_path(store, folder) == 1);
}

X509_STORE *tls_warm_ca_store(void)
{
	X509_STORE *store = X509_STORE_new();

	if (store && !load(store)) {
		X509_STORE_free(store);
		store = NULL;
	}
	ERR_clear_error(); /* of files that are not there */
	return store;
}

/* A certificate nobody ever checks, for a key nobody ever uses again. */
static X509 *make_certificate(EVP_PKEY *key)
{
	X509 *certificate = X509_new();

	if (certificate && X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != NULL &&
	    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600) != NULL &&
	    X509_set_pubkey(certificate, key) == 1 &&
	    X509_sign(certificate, key, EVP_sha256()) > 0)
		return certificate;
	X509_free(certificate);
	return NULL;
}

/* The first bytes need tables of their own. */
static bool exchange(SSL *server, SSL *client)
{
	char text[2 * sizeof(GREETING)];

	return SSL_write(client, GREETING, sizeof(GREETING)) > 0 &&
	       SSL_read(server, text, sizeof(text)) == sizeof(GREETING) &&
	       SSL_write(server, GREETING, sizeof(GREETING)) > 0 &&
	       SSL_read(client, text, sizeof(text)) == sizeof(GREETING);
}

static bool shake_hands(SSL *server, SSL *client)
{
	BIO *ends[2] = { NULL, NULL };

	if (BIO_new_bio_pair(&ends[0], 0, &ends[1], 0) != 1)
		return false;
	SSL_set_bio(server, ends[0], ends[0]);
	SSL_set_bio(client, ends[1], ends[1]);
	SSL_set_accept_state(server);
	SSL_set_connect_state(client);
	for (int i = 0; i < STEPS_MAX; i++) {
		int ours = SSL_do_handshake(client);
		int theirs = SSL_do_handshake(server);

		if (ours == 1 && theirs == 1)
			return exchange(server, client);
	}
	return false;
}

static bool warm_version(SSL_CTX *server, SSL_CTX *client, int version)
{
	SSL *a = SSL_new(server), *b = SSL_new(client);
	bool is_warm =
		a && b && SSL_set_max_proto_version(b, version) == 1 && shake_hands(a, b);

	SSL_free(a);
	SSL_free(b);
	return is_warm;
}

bool tls_warm_handshake(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = key ? make_certificate(key) : NULL;
	SSL_CTX *server = SSL_CTX_new(TLS_server_method());
	SSL_CTX *client = SSL_CTX_new(TLS_client_method());
	bool is_12 = false, is_13 = false;

	if (certificate && server && client &&
	    SSL_CTX_use_certificate(server, certificate) == 1 &&
	    SSL_CTX_use_PrivateKey(server, key) == 1) {
		is_12 = warm_version(server, client, TLS1_2_VERSION);
		is_13 = warm_version(server, client, TLS1_3_VERSION);
	}
	SSL_CTX_free(server);
	SSL_CTX_free(client);
	X509_free(certificate);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return is_12 && is_13;
}
