/* SPDX-License-Identifier: MIT */
#include "fs/tree/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/file/mount_table.h"

/* In bytes. Smaller files are counted at once: their indexes are not worth a file each. */
enum { LEAST_KEPT = INDEX_BLOCK };

/* --- bounds ----------------------------------------------------------------------------------- */

/*
 * One device may take half of a lane, so a lane has twice the room that one device should get, if
 * memory allows.
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

/* Each uses several processors, so a few are enough, also for several devices. */
enum { DIGESTS_AT_ONCE = 8 };

static unsigned descriptor_limit(void)
{
    struct rlimit limit = {.rlim_cur = 0};
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    return open_files_limit(limit.rlim_cur);
}

/*
 * How many directories are kept open between two requests of their listings. Few programs list at
 * the same time.
 */
static unsigned dirs_limit(void)
{
    enum { MOST_DIRS = 16, SHARE = 8 };
    return (unsigned)max_u64(1, min_u64(MOST_DIRS, descriptor_limit() / SHARE));
}

/* Frees a descriptor. A listing can continue without its stream, which costs less than a file. */
static bool relieve_driver(void *argument)
{
    struct driver *driver = argument;
    return dir_streams_relieve(&driver->dirs) || open_files_relieve(&driver->pool.files);
}

/* --- the log ---------------------------------------------------------------------------------- */

static void warn_of_index(void *argument, const char *path, const char *problem)
{
    struct driver *driver = argument;

    troubles_add(&driver->troubles, "index", path, problem);
    log_say(&driver->server.log, LOG_INDEX, FUSE_LOG_WARNING, "line index: %s: %s", path, problem);
}

/* Forgets what was wrong with the content that has ended, and remembers the end for its readers. */
static void remember_end(struct driver *driver, const char *path, const struct generation_end *end,
                         bool open)
{
    static const char kind[] = "stale";
    char text[160];

    troubles_forget(&driver->troubles, path, kind);
    if (!open)
        return;
    (void)snprintf(text, sizeof(text), "%s (%" PRIu64 " bytes before, %" PRIu64 " now)",
                   end_reason_text(end->reason), end->was.size, end->now.size);
    troubles_add(&driver->troubles, kind, path, text);
}

/* Logs a generation that has ended for its readers: which file it was and what was found. */
static void log_end(void *argument, const char *path, const struct generation_end *end, bool open)
{
    struct driver *driver = argument;

    remember_end(driver, path, end, open);
    if (open)
        log_say(&driver->server.log, LOG_STALE, FUSE_LOG_WARNING,
                "%s: what is open of it is stale (ESTALE): %s (%" PRIu64 " bytes before, %" PRIu64
                " now)",
                path, end_reason_text(end->reason), end->was.size, end->now.size);
}

/* Lines of their own budget: the EIO that a trouble causes must not crowd out what says where. */
static void note_trouble(void *argument, const char *kind, const char *path, const char *text)
{
    struct driver *driver = argument;

    troubles_add(&driver->troubles, kind, path, text);
    log_say(&driver->server.log, LOG_TROUBLE, FUSE_LOG_WARNING, "%s: %s", path, text);
}

/* Logs that the path of SOURCE leads nowhere, or somewhere again. */
static void log_source(void *argument, const struct directory_news *news)
{
    static const struct {
        enum fuse_log_level level;
        const char *text;
    } events[] = {
        [DIRECTORY_GONE] = {FUSE_LOG_WARNING,
                            "is not there: the mount shows what it still reaches of it, and "
                            "follows the path when it leads somewhere again"},
        [DIRECTORY_BACK] = {FUSE_LOG_NOTICE, "is back"},
        [DIRECTORY_FOLLOWED] = {FUSE_LOG_NOTICE,
                                "leads to another directory now, which the mount shows"},
        [DIRECTORY_REFUSED] = {FUSE_LOG_WARNING,
                               "leads to a directory that the mount does not follow: unmount "
                               "and mount again to show that one"},
    };
    struct driver *driver = argument;
    const char *why = news->error == -EPERM           ? "it belongs to another user"
                      : news->error == -MET_OURSELVES ? "it leads into this mount"
                                                      : strerror(-news->error);

    if (news->event == DIRECTORY_FOLLOWED)
        atomic_store(&driver->nodes.root->device, news->device);
    log_say(&driver->server.log, LOG_LIFE, events[news->event].level, "SOURCE %s %s%s%s%s",
            driver->source, events[news->event].text, news->error != 0 ? " (" : "",
            news->error != 0 ? why : "", news->error != 0 ? ")" : "");
}

/* What stands in SOURCE, or the large file, that a request is about. */
static const struct node *subject_of(const struct request *request)
{
    const struct node *node = driver_node(driver_of(request->fuse), request->inode);
    while (node->parent != NULL && !node->type->stands && !node->type->is_large)
        node = node->parent;
    return node;
}

/* The path in SOURCE that a request is about. */
static void describe_request(const struct request *request, char *text, size_t size)
{
    const struct node *node = driver_node(driver_of(request->fuse), request->inode);
    const bool in_source = node->type->stands && request->operation->names_entry;

    node = subject_of(request);
    AUTO_FREE char *path = node_path(node, in_source ? request->name : NULL);
    (void)snprintf(text, size, "%s", path != NULL ? path : "(a name)");
}

/* Remembers a request that was answered with EIO, which may be the first sign of a failing disk. */
static void remember_io_error(const struct request *request)
{
    struct driver *driver = driver_of(request->fuse);
    const struct node *node = subject_of(request);
    char path[512] = "";
    char text[80];

    describe_request(request, path, sizeof(path));
    (void)snprintf(text, sizeof(text), "%s was answered with EIO", request->operation->name);
    /* The path of the file, also for what is in its `plain`, so that it is forgotten with it. */
    troubles_add(&driver->troubles, "io error",
                 node->type->is_large ? node_source(node)->path : path, text);
}

/* --- life ------------------------------------------------------------------------------------- */

/* Opens SOURCE, or the directory of a single file, and sets *device. */
static int open_source_directory(struct driver *driver, uint64_t *device)
{
    struct stat attributes = {0};
    driver->directory_path = strdup(driver->source);
    if (driver->directory_path == NULL)
        return -ENOMEM;
    if (driver->single != NULL)
        *(strrchr(driver->directory_path, '/') + 1) = '\0';
    driver->directory = open(driver->directory_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (driver->directory < 0)
        return -errno;
    /* If openat2 is forbidden (in old containers), every name would fail later. */
    const struct beneath beneath = {.directory = driver->directory};
    int error = beneath_stat(&beneath, "", &attributes);
    *device = (uint64_t)attributes.st_dev;
    if (error != 0)
        cleanup_close(&driver->directory);
    return error;
}

/* Asked for before the mount answers: the user database may be on another host. NULL: unknown. */
static char *name_of_user(uid_t user)
{
    const struct passwd *found = getpwuid(user);
    return found != NULL ? strdup(found->pw_name) : NULL;
}

static void free_paths(struct driver *driver)
{
    free(driver->user);
    free(driver->source);
    free(driver->directory_path);
    free(driver->mountpoint);
    free(driver->single);
}

static void init_pool(struct driver *driver)
{
    const struct settings *settings = driver->settings;
    struct source_pool *pool = &driver->pool;

    source_pool_init(pool, driver->directory, descriptor_limit(), settings->window_size,
                     settings->window_total);
    pool->beneath.own = &driver->own;
    pool->beneath.relieve = relieve_driver;
    pool->beneath.relieve_argument = driver;
    pool->extents = settings->extents;
    pool->drop_behind.enabled = settings->cache == CACHE_KERNEL;
    pool->on_end = log_end;
    pool->on_end_argument = driver;
    pool->on_trouble = note_trouble;
    pool->on_trouble_argument = driver;
    pool->decoded.limit = settings->decode_memory;
}

/* Initializes everything that cannot fail. */
static void init_parts(struct driver *driver)
{
    const struct settings *settings = driver->settings;

    init_pool(driver);
    driver->watch = (struct directory_watch){
        .path = driver->directory_path,
        .entry = driver->single,
        .directory = driver->directory,
        .own = &driver->own,
        .tell = log_source,
        .argument = driver,
    };
    directory_watch_init(&driver->watch);
    dir_streams_init(&driver->dirs, dirs_limit());
    index_directory_init(&driver->index_directory, settings->index_dir, LEAST_KEPT, warn_of_index,
                         driver);
    index_space_init(&driver->index_space, settings->index_dir, settings->index_space);
    driver->index_directory.space = &driver->index_space;
    sampler_init(&driver->sampler);
    recent_sources_init(&driver->recent);
    troubles_init(&driver->troubles);
}

static void destroy_parts(struct driver *driver)
{
    recent_sources_destroy(&driver->recent);
    troubles_destroy(&driver->troubles);
    index_space_destroy(&driver->index_space);
    index_directory_destroy(&driver->index_directory);
    dir_streams_destroy(&driver->dirs);
    directory_watch_destroy(&driver->watch);
    source_pool_destroy(&driver->pool);
}

static int init_server(struct driver *driver, const struct operation *const *operations)
{
    const unsigned lanes[LANES] = {
        [LANE_READS] = reads_at_once(driver->settings),
        [LANE_SCANS] = scans_at_once(driver->settings),
        [LANE_DIGESTS] = DIGESTS_AT_ONCE,
        [LANE_LOOKS] = 2 * driver->settings->threads,
    };
    int error = server_init(&driver->server, operations, lanes);
    driver->server.describe = describe_request;
    driver->server.on_io_error = remember_io_error;
    return error;
}

int driver_init(struct driver *driver, const struct settings *settings,
                const struct node_type *root, const struct operation *const *operations,
                char *source, char *mountpoint, char *single)
{
    uint64_t device = 0;

    memset(driver, 0, sizeof(*driver));
    driver->settings = settings;
    driver->source = source;
    driver->mountpoint = mountpoint;
    driver->single = single;
    pthread_mutex_init(&driver->handles_lock, NULL);
    list_reset(&driver->handles);
    own_mounts_init(&driver->own, BIGFS_MOUNT_TYPE);
    clock_gettime(CLOCK_REALTIME, &driver->started);
    driver->user = name_of_user(geteuid());
    int error = open_source_directory(driver, &device);
    if (error != 0)
        goto no_directory;
    error = node_table_init(&driver->nodes, root);
    if (error != 0)
        goto no_nodes;
    atomic_store(&driver->nodes.root->device, device);
    init_parts(driver);
    error = init_server(driver, operations);
    if (error == 0)
        return 0;

    destroy_parts(driver);
    node_table_destroy(&driver->nodes);
no_nodes:
    (void)close(driver->directory);
no_directory:
    free_paths(driver);
    return error;
}

int driver_start(struct driver *driver)
{
    int error = index_builder_start(&driver->index_builder, &driver->index_directory, 0);
    if (error == 0)
        error = sampler_start(&driver->sampler);
    if (error == 0)
        error = server_start(&driver->server);
    if (error == 0)
        error = directory_watch_start(&driver->watch);
    return error != 0 ? error : index_space_start(&driver->index_space);
}

void driver_stop(struct driver *driver)
{
    directory_watch_stop(&driver->watch);
    sampler_stop(&driver->sampler);
    index_builder_stop(&driver->index_builder);
    index_space_stop(&driver->index_space);
    server_stop(&driver->server);
}

void driver_destroy(struct driver *driver)
{
    sampler_destroy(&driver->sampler);
    index_builder_destroy(&driver->index_builder);
    server_destroy(&driver->server);
    node_table_destroy(&driver->nodes); /* before the pool of its sources */
    destroy_parts(driver);
    cleanup_close(&driver->directory);
    own_mounts_destroy(&driver->own);
    pthread_mutex_destroy(&driver->handles_lock);
    free_paths(driver);
}

/* --- questions -------------------------------------------------------------------------------- */

struct driver *driver_of(fuse_req_t fuse)
{
    return list_object(server_of(fuse), struct driver, server);
}

struct node *driver_node(struct driver *driver, fuse_ino_t inode)
{
    return inode == FUSE_ROOT_ID ? driver->nodes.root : (struct node *)(uintptr_t)inode;
}

uint64_t driver_handles(struct driver *driver)
{
    HOLD_LOCK(&driver->handles_lock);
    return driver->handle_count;
}

char *driver_absolute_path(const struct driver *driver, const char *path)
{
    char *absolute = NULL;

    if (driver->single != NULL || path[0] == '\0')
        return strdup(driver->source);
    return asprintf(&absolute, "%s/%s", driver->source, path) >= 0 ? absolute : NULL;
}

bool driver_is_large(const struct driver *driver, uint64_t size)
{
    return size >= max_u64(driver->settings->min_size, 1);
}

bool driver_is_single(const struct driver *driver, const char *name)
{
    return driver->single != NULL && strcmp(name, driver->single) == 0;
}
