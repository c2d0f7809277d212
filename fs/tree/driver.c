#include "fs/tree/driver.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "fs/serve/ahead.h"

/* For four readers at once (fs/serve/ahead.h): with more of them the processors are busy anyway. */
enum { SPARE_BUFFERS = 4 * AHEAD_STRETCHES };

/*
 * However many processors and readers there are: a read behind the gate holds a buffer, and one
 * that is answered at once does. 48 MB are promised (docs/performance.md); 3 are for all else. Not
 * counted: reads of tables, in steps of a MiB.
 */
static_assert((MOST_DEFAULT_THREADS + MOST_RECEIVERS + SPARE_BUFFERS) * MOST_READ <=
                  45 * 1000 * 1000,
              "the replies of a mount as it is by default take more memory than is promised");

/*
 * One device may take half of a gate, so a gate has twice the room that one device should get, if
 * memory allows it.
 */
static unsigned reads_at_once(const struct settings *settings)
{
    unsigned most =
        settings->threads > MOST_DEFAULT_THREADS ? settings->threads : MOST_DEFAULT_THREADS;
    return 2 * settings->threads < most ? 2 * settings->threads : most;
}

static unsigned scans_at_once(const struct settings *settings)
{
    return settings->threads > 1 ? settings->threads : 2;
}

static unsigned descriptor_limit(void)
{
    struct rlimit limit = {.rlim_cur = 0};
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    return open_files_limit(limit.rlim_cur);
}

/* Opens SOURCE, or the directory that a single file is in; tells its file system. */
static int open_source(struct driver *driver, uint64_t *device)
{
    struct stat attributes = {0};
    AUTO_FREE char *path = strdup(driver->source);
    if (path == NULL)
        return -ENOMEM;
    if (driver->single != NULL)
        *(strrchr(path, '/') + 1) = '\0';
    driver->directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (driver->directory < 0)
        return -errno;
    /* Where openat2 is forbidden (an old container) every name would fail later. */
    const struct beneath beneath = {.directory = driver->directory};
    int error = beneath_stat(&beneath, "", &attributes);
    *device = (uint64_t)attributes.st_dev;
    if (error != 0)
        cleanup_close(&driver->directory);
    return error;
}

static void free_paths(struct driver *driver)
{
    free(driver->source);
    free(driver->mountpoint);
    free(driver->single);
}

static void warn_of_index(const char *path, const char *problem)
{
    fuse_log(FUSE_LOG_WARNING, "bigfs: line index: %s: %s\n", path, problem);
}

static void work_on_gates(void *argument)
{
    struct driver *driver = argument;
    gate_work(&driver->scans);
    gate_work(&driver->looks);
    gate_work(&driver->reads);
}

/* What was put in line again needs a thread. */
static void send_worker(void *argument)
{
    receivers_send(argument);
}

/* How many directories are kept open between two requests of their listings: few list at once. */
static unsigned dirs_limit(void)
{
    enum { MOST_DIRS = 16, SHARE = 8 };
    return (unsigned)max_u64(1, min_u64(MOST_DIRS, descriptor_limit() / SHARE));
}

/* Without a descriptor: a listing can go on without its stream, which costs less than a file. */
static bool relieve(void *argument)
{
    struct driver *driver = argument;
    return dir_streams_relieve(&driver->dirs) || open_files_relieve(&driver->pool.files);
}

/* All that bounds what is used at once. */
static void init_bounds(struct driver *driver, const struct settings *settings)
{
    source_pool_init(&driver->pool, driver->directory, descriptor_limit(), settings->window_size,
                     settings->window_total);
    driver->pool.beneath.own = &driver->own;
    driver->pool.extents = settings->extents;
    driver->pool.beneath.relieve = relieve;
    driver->pool.beneath.relieve_argument = driver;
    dir_streams_init(&driver->dirs, dirs_limit());
    driver->pool.drop_behind.enabled = settings->cache == CACHE_KERNEL;
    index_store_init(&driver->store, settings->index_dir, LINE_BLOCK, warn_of_index);
    index_space_init(&driver->index_space, settings->index_dir, settings->index_space);
    driver->store.space = &driver->index_space;
    gate_init(&driver->reads, reads_at_once(settings));
    gate_init(&driver->scans, scans_at_once(settings));
    gate_init(&driver->looks, 2 * settings->threads);
    sampler_init(&driver->sampler);
    receivers_init(&driver->receivers, work_on_gates, driver);
}

static void destroy_bounds(struct driver *driver)
{
    receivers_destroy(&driver->receivers);
    gate_destroy(&driver->looks);
    gate_destroy(&driver->scans);
    gate_destroy(&driver->reads);
    index_space_destroy(&driver->index_space);
    dir_streams_destroy(&driver->dirs);
    source_pool_destroy(&driver->pool);
}

int driver_init(struct driver *driver, const struct settings *settings, char *source,
                char *mountpoint, char *single)
{
    memset(driver, 0, sizeof(*driver));
    driver->settings = settings;
    driver->source = source;
    driver->mountpoint = mountpoint;
    driver->single = single;
    pthread_mutex_init(&driver->handles_lock, NULL);
    list_reset(&driver->handles);
    retries_init(&driver->retries);
    own_mounts_init(&driver->own, "fuse.bigfs");
    recent_sources_init(&driver->recent);
    clock_gettime(CLOCK_REALTIME, &driver->started);
    uint64_t device = 0;
    int error = open_source(driver, &device);
    if (error != 0)
        goto no_directory;
    error = node_table_init(&driver->nodes);
    if (error != 0)
        goto no_nodes;
    atomic_store(&driver->nodes.root->device, device);
    init_bounds(driver, settings);
    error = buffers_init(&driver->buffers, driver_workers(driver), MOST_READ);
    if (error != 0)
        goto no_buffers;
    error = ahead_pool_init(&driver->ahead, SPARE_BUFFERS, MOST_READ);
    if (error != 0)
        goto no_ahead;
    return 0;

no_ahead:
    buffers_destroy(&driver->buffers);
no_buffers:
    destroy_bounds(driver);
    node_table_destroy(&driver->nodes);
no_nodes:
    (void)close(driver->directory);
no_directory:
    free_paths(driver);
    return error;
}

int driver_start(struct driver *driver)
{
    int error = indexer_start(&driver->indexer, &driver->store, 0);
    if (error == 0)
        error = sampler_start(&driver->sampler);
    if (error == 0)
        error = aside_start(&driver->aside, send_worker, &driver->receivers);
    return error != 0 ? error : index_space_start(&driver->index_space);
}

uint64_t driver_handles(struct driver *driver)
{
    HOLD_LOCK(&driver->handles_lock);
    return driver->handle_count;
}

void driver_stop(struct driver *driver)
{
    sampler_stop(&driver->sampler);
    indexer_stop(&driver->indexer);
    index_space_stop(&driver->index_space);
    aside_stop(&driver->aside);
    work_on_gates(driver); /* what was put in line when the workers were about to end */
}

void driver_destroy(struct driver *driver)
{
    sampler_destroy(&driver->sampler);
    indexer_destroy(&driver->indexer);
    ahead_pool_destroy(&driver->ahead);
    buffers_destroy(&driver->buffers);
    node_table_destroy(&driver->nodes); /* before the pool of its sources */
    recent_sources_destroy(&driver->recent);
    destroy_bounds(driver);
    cleanup_close(&driver->directory);
    retries_destroy(&driver->retries);
    own_mounts_destroy(&driver->own);
    pthread_mutex_destroy(&driver->handles_lock);
    free_paths(driver);
}

unsigned driver_workers(const struct driver *driver)
{
    const unsigned for_errands = 1;
    return driver->reads.limit + driver->scans.limit + driver->looks.limit +
           driver->receivers.most + for_errands;
}

bool driver_is_large(const struct driver *driver, uint64_t size)
{
    return size >= max_u64(driver->settings->min_size, 1);
}
