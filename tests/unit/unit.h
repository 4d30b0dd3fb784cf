/* SPDX-License-Identifier: MIT */
/*
 * The frame of a unit test program: runs one suite of check and says the results in TAP.
 */
#ifndef NIM_TESTS_UNIT_UNIT_H
#define NIM_TESTS_UNIT_UNIT_H

#include <check.h>
#include <stdlib.h>

#define UNIT_MAIN(make_suite)                                                            \
	int main(void)                                                                   \
	{                                                                                \
		SRunner *runner = srunner_create(make_suite());                          \
		srunner_set_tap(runner, "-");                                            \
		srunner_run_all(runner, CK_SILENT);                                      \
		int failed = srunner_ntests_failed(runner);                              \
		srunner_free(runner);                                                    \
		return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;                         \
	}

#endif
