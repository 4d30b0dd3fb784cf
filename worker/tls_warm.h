/* SPDX-License-Identifier: MIT */
/*
 * What every worker would do again for itself, done once in the master before the fork:
 * the CA bundle parsed (20 ms and 0.84 MiB a process otherwise) and one TLS handshake in
 * memory, which makes OpenSSL load what it loads lazily.
 */
#ifndef NIM_WORKER_TLS_WARM_H
#define NIM_WORKER_TLS_WARM_H

#include <openssl/types.h>
#include <stdbool.h>

/*
 * The store of those whom we trust to vouch for the upstream: the files and folders that
 * SSL_CERT_FILE and SSL_CERT_DIR name, else the system's bundle. NULL when what is named
 * cannot be read, or nothing is there. The caller owns it.
 */
X509_STORE *tls_warm_ca_store(void);
/*
 * A handshake and a few bytes between two ends in memory, in TLS 1.2 and 1.3. False when
 * one did not come about, which means only that less is warm.
 */
bool tls_warm_handshake(void);

#endif
