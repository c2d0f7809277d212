/*
 * A gate: bounds how many requests of a kind are worked on at once.
 *
 * A worker thread brings a job. While there is room it runs it at once; else the job waits in line
 * and the worker is free for other requests. The thread that finishes a job takes the next
 * from the line. So a slow disk or a long scan holds up what waits for it, and nothing else: a few
 * workers are always left to receive requests, and interrupts above all.
 *
 * Jobs that need the same file system (device) share: together they may take half of the room that
 * the others leave, and one place at least. So a file system that does not answer leaves room to
 * the others, and so do several.
 *
 *     worker A  --run--> [ job 1 ] --next--> [ job 3 ] …
 *     worker B  --run--> [ job 2 ] …
 *     worker C  --enter: full, job 3 queued--> back to receiving
 *
 * The line needs no bound of its own: each job in it is one process that waits for its answer.
 * A queued job whose reader is interrupted is answered EINTR at once.
 *
 * Lock order: a request's lock in libfuse, then gate.lock (the interrupt callback).
 */
#ifndef BIGFS_FS_SERVE_GATE_H
#define BIGFS_FS_SERVE_GATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fuse_lowlevel.h>

#include "core/base/list.h"

struct gate {
    pthread_mutex_t lock;
    unsigned limit;      /* constant */
    unsigned running;    /* protected by lock; the length of `working` */
    unsigned queued;     /* protected by lock; the length of `waiting` */
    struct list working; /* protected by lock */
    struct list waiting; /* protected by lock; first come, first served, within a device */
};

/* A request and what is needed to answer it later. */
struct job {
    void (*run)(struct job *job);                     /* answers job->request */
    void (*refuse)(const struct job *job, int error); /* answers it with -errno */
    fuse_req_t request;
    fuse_ino_t inode;
    size_t size;
    off_t offset;
    int whence; /* a seek's */
    struct fuse_file_info file;
    char name[256];      /* a look-up's; "" for others */
    uint64_t device;     /* of the file system that it needs; 0: of none */
    int64_t aside_since; /* when it was first put aside (fs/serve/aside.h), in ms; 0: never */
    struct list link;    /* protected by gate.lock; in `working` or `waiting` */
    struct gate *gate;   /* the rest is the gate's own */
    bool waiting;        /* protected by gate.lock */
    bool interrupted;    /* protected by gate.lock */
};

void gate_init(struct gate *gate, unsigned limit);

/* No job may run or wait: a thread that runs jobs returns only when the line is empty. */
void gate_destroy(struct gate *gate);

/*
 * Runs a copy of the job now, and others that wait after it; or puts a copy in line and returns.
 * The request is answered in every case, by job->run, or job->refuse with -ENOMEM or -CANCELLED.
 * Thread-safe.
 */
void gate_run(struct gate *gate, const struct job *job);

/*
 * Puts a copy of the job in line, as one of `device`, whatever room there is, for a thread that
 * comes with gate_work(). The request is answered in every case, as with gate_run(). Runs nothing.
 * Thread-safe.
 */
void gate_queue(struct gate *gate, const struct job *job, uint64_t device);

/* Runs jobs that wait, as long as there are any for which there is room. Thread-safe. */
void gate_work(struct gate *gate);

struct gate_load {
    unsigned running;
    unsigned queued;
};

struct gate_load gate_load(struct gate *gate);

#endif
