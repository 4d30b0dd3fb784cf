/* SPDX-License-Identifier: MIT */
/*
 * From a connection to a handler: reads the head, finds the route in one table, and asks
 * in this order: is it a browser, is the path known, is the method right, is the key
 * right; only then reads the body and calls the handler.  Queries are ignored: clients
 * put ?beta=true behind every path.
 */
#ifndef NIM_WORKER_ROUTE_H
#define NIM_WORKER_ROUTE_H

#include "worker/req.h"

/* Serves the one request of r->conn to its end, booked and logged. */
void route_serve(struct req *r);

#endif
