#include "fs/operation/request.h"

#include <errno.h>

#include "core/base/outcome.h"

struct driver *driver_of(fuse_req_t request)
{
    return fuse_req_userdata(request);
}

struct node *node_of(fuse_req_t request, fuse_ino_t inode)
{
    return inode == FUSE_ROOT_ID ? driver_of(request)->nodes.root : (struct node *)(uintptr_t)inode;
}

static bool reader_is_gone(void *argument)
{
    fuse_req_t request = argument;
    const struct driver *driver = driver_of(request);
    return fuse_req_interrupted(request) != 0 || fuse_session_exited(driver->session) != 0 ||
           atomic_load_explicit(&driver->ending, memory_order_relaxed);
}

struct cancel cancel_of(fuse_req_t request)
{
    return (struct cancel){reader_is_gone, request};
}

/*
 * What is not in this list is EIO: disks and file systems fail in many ways. EINTR, EAGAIN and the
 * like are of a file system that has no business to answer so; ours are CANCELLED and the like.
 */
static int errno_for_reader(int error)
{
    switch (-error) {
    case CANCELLED:
        return EINTR;
    case MET_OURSELVES:
        return ELOOP;
    case NO_DESCRIPTOR:
        return EMFILE;
    case WRONG_INDEX:
    case TRY_AGAIN:
    case EXDEV: /* something on the path became a symbolic link or a mount that leads out */
    case ELOOP: /* a symbolic link */
    case ENOTDIR:
        return ESTALE; /* the kernel looks the name up again and finds what is there now */
    case EACCES:
    case EFBIG: /* a table that would be longer than a file can be */
    case EINVAL:
    case EISDIR:
    case EKEYEXPIRED: /* a network's, or of an encrypted file: no failure of the disk */
    case EMFILE:
    case ENAMETOOLONG:
    case ENFILE:
    case ENOENT:
    case ENOKEY:
    case ENOMEM:
    case EPERM:
    case EROFS:
    case ESTALE:
        return -error;
    default:
        return EIO;
    }
}

void reply_error(fuse_req_t request, int error)
{
    struct counters *counters = &driver_of(request)->counters;
    int answer = errno_for_reader(error);

    if (answer == EINTR)
        atomic_fetch_add(&counters->interrupts, 1);
    else if (answer == ESTALE)
        atomic_fetch_add(&counters->stale, 1);
    else if (answer == EIO)
        atomic_fetch_add(&counters->failures, 1);
    (void)fuse_reply_err(request, answer);
}

/* For how long a job that failed so is put aside and tried again, in ms; 0: it has failed. */
static int64_t patience_for(int error)
{
    switch (-error) {
    case HELD_BY_LEASE:
        return 60 * 1000; /* leases are broken before that */
    case NO_DESCRIPTOR:
        return 10 * 1000;
    default:
        return 0;
    }
}

void fail_job(const struct job *job, int error)
{
    if (!aside_wait(&driver_of(job->request)->aside, job, patience_for(error)))
        reply_error(job->request, error);
}

void refuse_job(const struct job *job, int error)
{
    reply_error(job->request, error);
}

/* What takes no look at SOURCE, and is answered even if that does not answer. */
static bool is_control(const struct node *node)
{
    return node->kind == NODE_CONTROL || node->kind == NODE_REPORT;
}

void run_behind(struct driver *driver, struct gate *gate, struct job *job)
{
    const struct node *node = node_of(job->request, job->inode);

    if (is_control(node)) {
        job->run(job);
        return;
    }
    job->device = atomic_load(&node->device);
    receivers_leave(&driver->receivers);
    gate_run(gate, job);
    receivers_return(&driver->receivers);
}

void dispatch(struct job *job, bool scans)
{
    struct driver *driver = driver_of(job->request);

    job->refuse = refuse_job;
    run_behind(driver, scans ? &driver->scans : &driver->looks, job);
}
