/* SPDX-License-Identifier: MIT */
/*
 * Cleanup at the end of a scope, and transfer of ownership.
 *
 * A variable marked AUTO_FREE, AUTO_CLOSE, AUTO_CLOSEDIR or AUTO_FCLOSE owns what it holds and
 * releases it when it goes out of scope, on every path. steal_pointer() and steal_fd() pass
 * ownership on. HOLD_LOCK(&mutex) holds a mutex to the end of the enclosing block.
 */
#ifndef BIGFS_CORE_BASE_CLEANUP_H
#define BIGFS_CORE_BASE_CLEANUP_H

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *variable)
{
    void **pointer = variable;
    free(*pointer);
    *pointer = NULL;
}

/* Keeps errno, so that an error being returned is not lost. */
static inline void cleanup_close(int *fd)
{
    if (*fd >= 0) {
        int saved = errno;
        (void)close(*fd);
        errno = saved;
        *fd = -1;
    }
}

static inline int steal_fd(int *fd)
{
    int stolen = *fd;
    *fd = -1;
    return stolen;
}

static inline void *steal_pointer_raw(void *variable)
{
    void **pointer = variable;
    void *stolen = *pointer;
    *pointer = NULL;
    return stolen;
}

static inline pthread_mutex_t *mutex_hold(pthread_mutex_t *mutex)
{
    int error = pthread_mutex_lock(mutex);
    assert(error == 0);
    (void)error;
    return mutex;
}

static inline void mutex_drop(pthread_mutex_t *mutex)
{
    int error = pthread_mutex_unlock(mutex);
    assert(error == 0);
    (void)error;
}

static inline void cleanup_unlock(pthread_mutex_t **mutex)
{
    mutex_drop(*mutex);
}

static inline void cleanup_closedir(DIR **directory)
{
    if (*directory != NULL)
        (void)closedir(*directory);
}

static inline void cleanup_fclose(FILE **file)
{
    if (*file != NULL)
        (void)fclose(*file);
}

#define AUTO_FREE __attribute__((cleanup(cleanup_free)))
#define AUTO_CLOSE __attribute__((cleanup(cleanup_close)))
#define AUTO_CLOSEDIR __attribute__((cleanup(cleanup_closedir)))
#define AUTO_FCLOSE __attribute__((cleanup(cleanup_fclose)))

/* The cast keeps the type: stealing from a T * gives a T *. */
#define steal_pointer(variable) ((__typeof__(*(variable)))steal_pointer_raw(variable))

#define CLEANUP_PASTE_(a, b) a##b
#define CLEANUP_NAME_(a, b) CLEANUP_PASTE_(a, b)
#define HOLD_LOCK(mutex)                                                                           \
    __attribute__((cleanup(cleanup_unlock), unused)) pthread_mutex_t *CLEANUP_NAME_(               \
        held_, __LINE__) = mutex_hold(mutex)

#endif
