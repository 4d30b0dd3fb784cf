/* SPDX-License-Identifier: MIT */
/* Whom we trust: who is named, else the system's; and that a handshake in memory works.
 */
#include "config.h"

#include "worker/tls_warm.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static char folder[] = "/tmp/nim-tls-XXXXXX";
static char one[64], two[64], broken[64], missing[64];

static void write_certificate(FILE *file)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	X509_NAME *name;

	ck_assert_ptr_nonnull(key);
	ck_assert_ptr_nonnull(certificate);
	name = X509_get_subject_name(certificate);
	ck_assert_int_eq(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
						    (const unsigned char *)"test", -1, -1,
						    0),
			 1);
	ck_assert_ptr_nonnull(X509_gmtime_adj(X509_getm_notBefore(certificate), 0));
	ck_assert_ptr_nonnull(X509_gmtime_adj(X509_getm_notAfter(certificate), 60));
	ck_assert_int_eq(X509_set_pubkey(certificate, key), 1);
	ck_assert_int_gt(X509_sign(certificate, key, EVP_sha256()), 0);
	ck_assert_int_eq(PEM_write_X509(file, certificate), 1);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static void write_file(char path[64], const char *name, int certificates,
		       const char *rest)
{
	FILE *file;

	(void)snprintf(path, 64, "%s/%s", folder, name);
	file = fopen(path, "we");
	ck_assert_ptr_nonnull(file);
	for (int i = 0; i < certificates; i++)
		write_certificate(file);
	(void)fputs(rest, file);
	ck_assert_int_eq(fclose(file), 0);
}

static void make_files(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	write_file(one, "one.pem", 1, "");
	write_file(two, "two.pem", 2, "");
	write_file(broken, "broken.pem", 0, "no certificate\n");
	(void)snprintf(missing, sizeof(missing), "%s/missing.pem", folder);
}

static void remove_files(void)
{
	(void)unlink(one);
	(void)unlink(two);
	(void)unlink(broken);
	(void)rmdir(folder);
}

static const struct store_case {
	const char *name;
	const char *file;
	const char *folder;
	int count; /* certificates in the store; -1: there is no store */
} store_cases[] = {
	{ "one", one, NULL, 1 },
	{ "two", two, NULL, 2 },
	{ "a folder is read when somebody asks", NULL, folder, 0 },
	{ "both", two, folder, 2 },
	{ "a file that is not there", missing, NULL, -1 },
	{ "a file without certificates", broken, NULL, -1 },
	{ "a folder does not make a bad file good", missing, folder, -1 },
};

static void set(const char *name, const char *value)
{
	if (value)
		ck_assert_int_eq(setenv(name, value, 1), 0);
	else
		ck_assert_int_eq(unsetenv(name), 0);
}

START_TEST(who_is_named_is_trusted_and_nobody_else)
{
	for (size_t i = 0; i < sizeof(store_cases) / sizeof(store_cases[0]); i++) {
		const struct store_case *c = &store_cases[i];
		X509_STORE *store;
		int count = -1;

		set("SSL_CERT_FILE", c->file);
		set("SSL_CERT_DIR", c->folder);
		store = tls_warm_ca_store();
		if (store)
			count = sk_X509_OBJECT_num(X509_STORE_get0_objects(store));
		ck_assert_msg(count == c->count, "%s: %d", c->name, count);
		ck_assert_uint_eq(ERR_peek_error(), 0);
		X509_STORE_free(store);
	}
}
END_TEST

START_TEST(a_handshake_in_memory_comes_about)
{
	ck_assert(tls_warm_handshake());
	ck_assert_uint_eq(ERR_peek_error(), 0); /* libcurl would report it later */
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("worker/tls_warm");
	TCase *c = tcase_create("tls");

	tcase_add_checked_fixture(c, make_files, remove_files);
	tcase_add_test(c, who_is_named_is_trusted_and_nobody_else);
	tcase_add_test(c, a_handshake_in_memory_comes_about);
	suite_add_tcase(s, c);
	return s;
}

UNIT_MAIN(make_suite)
