/* SPDX-License-Identifier: MIT */
/*
 * What every worker would do again for itself, done once in the master before the fork:
 * the CA bundle parsed (20 ms and 0.84 MiB a process otherwise) and one TLS handshake in
 * memory, which makes OpenSSL load what it loads lazily.
 */
#ifndef NIM_WORKER_TLS_WARM_H
#define NIM_WORKER_TLS_WARM_H

#include <openssl/types.h>

/* The system's CA store (SSL_CERT_FILE and SSL_CERT_DIR are obeyed), or NULL. The caller
 * owns it. */
X509_STORE *tls_warm_ca_store(void);
/* A handshake between two ends in memory. Failure means only that nothing is warm. */
void tls_warm_handshake(void);

#endif
