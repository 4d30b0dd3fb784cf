/* SPDX-License-Identifier: MIT */
/*
 * A mark before each store that other processes see.  In the program it is nothing; the
 * tests build this layer once more with SHM_STEP_HOOK and die at the n-th mark.
 */
#ifndef NIM_SHM_STEP_H
#define NIM_SHM_STEP_H

#ifdef SHM_STEP_HOOK
void shm_step_hook(void);
#define SHM_STEP() shm_step_hook()
#else
#define SHM_STEP() ((void)0)
#endif

#endif
