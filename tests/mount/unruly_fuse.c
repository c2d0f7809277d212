/* SPDX-License-Identifier: MIT */
/*
 * Shows a directory, read-only, as a file system that misbehaves as a running test says. The mount
 * tests put bigfs on top of it; unruly.py controls it from Python.
 *
 *     unruly_fuse DIRECTORY MOUNTPOINT SOCKET [FUSE OPTIONS]
 *
 * It runs in the foreground and listens on SOCKET (AF_UNIX, a stream). A test sends one command for
 * each connection, closes its side, and reads the answer:
 *
 *     set\nRULE\nRULE…   these rules instead of the old ones; they hold for hanging requests, too,
 *                        which have looked at them when the answer ("ok") comes
 *     held               how many requests hang now
 *     asked              a line "OPERATION NUMBER" for each operation: the requests since the start
 *     given              the bytes that all reads since the start have given
 *
 * A rule is one line, PATH its last word and everything to its end:
 *
 *     OPERATION ACTION N TIMES FROM TO PATH
 *
 *     OPERATION  getattr open read readdir lseek readlink release statfs, or any
 *     ACTION     errno    fails with errno N
 *                hang     does not end while the rule is there, whatever happens to the caller
 *                wait     as hang, but ends with EINTR if the caller is interrupted
 *                delay    takes N milliseconds more
 *                short    a read gives N bytes at most
 *                size     getattr tells the size N
 *                blocks   getattr tells N blocks
 *                seconds  getattr tells times that are multiples of N seconds
 *                add_ino  getattr tells an inode number that is N larger
 *                new_ino  getattr tells a new inode number each time
 *     TIMES      how many requests it is for; 0: all
 *     FROM TO    only for reads that touch bytes of [FROM, TO); TO 0: all
 *     PATH       only for paths that begin so; "/" is the directory itself, and so all paths
 *
 * Of several rules with the same action the first that fits counts. Actions come in this order:
 * delay, hang or wait, errno, the others.
 *
 * Nothing is cached unless the options say so: "-o attr_timeout=5" makes the kernel cache
 * attributes for 5 seconds, "-o direct_io" makes each read a request. There are no extended
 * attributes and no FIEMAP. SIGTERM and SIGKILL abort the connection.
 */
#define FUSE_USE_VERSION 312

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    MOST_HELD = 4096, /* hanging requests must not delay others */
    MOST_IDLE = 16,
    MOST_RULES = 64,
    MOST_TEXT = 64 * 1024,
    STEP_MS = 5, /* how often a waiting request checks whether it was interrupted */
};

enum operation { GETATTR, OPEN, READ, READDIR, LSEEK, READLINK, RELEASE, STATFS, ANY };

static const char *const operation_names[] = {"getattr",  "open",    "read",   "readdir", "lseek",
                                              "readlink", "release", "statfs", "any"};

enum action { FAIL, HANG, WAIT, DELAY, SHORT, SIZE, BLOCKS, SECONDS, ADD_INO, NEW_INO, ACTIONS };

static const char *const action_names[] = {"errno", "hang",   "wait",    "delay",   "short",
                                           "size",  "blocks", "seconds", "add_ino", "new_ino"};

struct rule {
    int operation, action;
    long long n, times, from, to;
    char path[256];
};

/* What the rules say about one request. */
struct orders {
    bool have[ACTIONS];
    long long n[ACTIONS];
};

static struct {
    pthread_mutex_t lock; /* protects all below */
    pthread_cond_t changed;
    struct rule rules[MOST_RULES];
    int count;
    long held;
    long asked[ANY];
    long long given;
    ino_t new_ino;
} state = {
    .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .new_ino = 1U << 30};

static int root = -1;
static int direct_io; /* the option */
static const struct fuse_opt options[] = {{"direct_io", 0, 1}, FUSE_OPT_END};

static const char *below(const char *path)
{
    return path[1] != '\0' ? path + 1 : ".";
}

/* --- rules ------------------------------------------------------------------------------------ */

static bool fits(const struct rule *rule, enum operation operation, const char *path, off_t start,
                 off_t end)
{
    return (rule->operation == ANY || rule->operation == (int)operation) && rule->times >= 0 &&
           strncmp(path, rule->path, strlen(rule->path)) == 0 &&
           (rule->to == 0 || (operation == READ && end > rule->from && start < rule->to));
}

/* A rule with TIMES is used up by its last request; -1: none left. */
static void use(struct rule *rule)
{
    if (rule->times > 0 && --rule->times == 0)
        rule->times = -1;
}

/* With the lock. A second look, after a hang, takes no further delay. */
static struct orders look_up(enum operation operation, const char *path, off_t start, off_t end,
                             bool again)
{
    struct orders orders = {0};
    for (int i = 0; i < state.count; i++) {
        struct rule *rule = &state.rules[i];
        if (!fits(rule, operation, path, start, end) || orders.have[rule->action] ||
            (again && rule->action == DELAY))
            continue;
        orders.have[rule->action] = true;
        orders.n[rule->action] = rule->n;
        if (rule->action != HANG && rule->action != WAIT)
            use(rule);
    }
    return orders;
}

static void sleep_ms(long long milliseconds)
{
    struct timespec rest = {.tv_sec = milliseconds / 1000,
                            .tv_nsec = milliseconds % 1000 * 1000000};
    while (nanosleep(&rest, &rest) != 0 && errno == EINTR)
        ;
}

/* With the lock: until the rules change, or a caller that may be interrupted is. */
static bool stand(bool interruptible)
{
    state.held++;
    bool interrupted = false;
    if (interruptible) {
        (void)pthread_mutex_unlock(&state.lock);
        sleep_ms(STEP_MS);
        interrupted = fuse_interrupted() != 0;
        (void)pthread_mutex_lock(&state.lock);
    } else {
        (void)pthread_cond_wait(&state.changed, &state.lock);
    }
    state.held--;
    return interrupted;
}

/* Begins every operation. Returns 0, or the negative errno to end it with. */
static int begin(enum operation operation, const char *path, off_t start, off_t end,
                 struct orders *orders)
{
    bool interrupted = false;
    (void)pthread_mutex_lock(&state.lock);
    state.asked[operation]++;
    *orders = look_up(operation, path, start, end, false);
    if (orders->have[DELAY]) {
        (void)pthread_mutex_unlock(&state.lock);
        sleep_ms(orders->n[DELAY]);
        (void)pthread_mutex_lock(&state.lock);
    }
    while (!interrupted && (orders->have[HANG] || orders->have[WAIT])) {
        interrupted = stand(!orders->have[HANG]);
        *orders = look_up(operation, path, start, end, true);
    }
    (void)pthread_mutex_unlock(&state.lock);
    if (interrupted)
        return -EINTR;
    return orders->have[FAIL] ? -(int)orders->n[FAIL] : 0;
}

static int plainly(enum operation operation, const char *path)
{
    struct orders orders;
    return begin(operation, path, 0, 0, &orders);
}

/* --- operations ------------------------------------------------------------------------------- */

static void *unruly_init(struct fuse_conn_info *connection, struct fuse_config *config)
{
    config->use_ino = 1;
    config->direct_io = direct_io;
    connection->max_background = MOST_HELD;
    connection->congestion_threshold = MOST_HELD;
    return NULL;
}

static void forge_attributes(const struct orders *orders, struct stat *attributes)
{
    if (orders->have[SIZE])
        attributes->st_size = orders->n[SIZE];
    if (orders->have[BLOCKS])
        attributes->st_blocks = orders->n[BLOCKS];
    if (orders->have[ADD_INO])
        attributes->st_ino += (ino_t)orders->n[ADD_INO];
    if (orders->have[NEW_INO]) {
        (void)pthread_mutex_lock(&state.lock);
        attributes->st_ino = state.new_ino++;
        (void)pthread_mutex_unlock(&state.lock);
    }
    if (orders->have[SECONDS]) {
        struct timespec *times[] = {&attributes->st_atim, &attributes->st_mtim,
                                    &attributes->st_ctim};
        for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
            times[i]->tv_nsec = 0;
            times[i]->tv_sec -= times[i]->tv_sec % orders->n[SECONDS];
        }
    }
}

static int unruly_getattr(const char *path, struct stat *attributes, struct fuse_file_info *file)
{
    struct orders orders;
    int error = begin(GETATTR, path, 0, 0, &orders);
    if (error != 0)
        return error;
    if ((file != NULL ? fstat((int)file->fh, attributes)
                      : fstatat(root, below(path), attributes, AT_SYMLINK_NOFOLLOW)) != 0)
        return -errno;
    forge_attributes(&orders, attributes);
    return 0;
}

static int unruly_readdir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset,
                          struct fuse_file_info *file, enum fuse_readdir_flags flags)
{
    (void)offset;
    (void)file;
    (void)flags;
    int error = plainly(READDIR, path);
    if (error != 0)
        return error;
    int fd = openat(root, below(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    if (directory == NULL)
        return -errno;
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        struct stat known = {.st_ino = entry->d_ino, .st_mode = (mode_t)DTTOIF(entry->d_type)};
        (void)fill(buffer, entry->d_name, &known, 0, 0);
    }
    (void)closedir(directory);
    return 0;
}

static int unruly_readlink(const char *path, char *buffer, size_t size)
{
    int error = plainly(READLINK, path);
    if (error != 0)
        return error;
    ssize_t got = readlinkat(root, below(path), buffer, size - 1);
    if (got < 0)
        return -errno;
    buffer[got] = '\0';
    return 0;
}

static int unruly_open(const char *path, struct fuse_file_info *file)
{
    int error = plainly(OPEN, path);
    if (error != 0)
        return error;
    int fd = openat(root, below(path), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    file->fh = (uint64_t)fd;
    return 0;
}

static int unruly_read(const char *path, char *buffer, size_t size, off_t offset,
                       struct fuse_file_info *file)
{
    struct orders orders;
    int error = begin(READ, path, offset, offset + (off_t)size, &orders);
    if (error != 0)
        return error;
    if (orders.have[SHORT] && orders.n[SHORT] < (long long)size)
        size = (size_t)orders.n[SHORT];
    ssize_t got = pread((int)file->fh, buffer, size, offset);
    if (got < 0)
        return -errno;
    (void)pthread_mutex_lock(&state.lock);
    state.given += got;
    (void)pthread_mutex_unlock(&state.lock);
    return (int)got;
}

static off_t unruly_lseek(const char *path, off_t offset, int whence, struct fuse_file_info *file)
{
    int error = plainly(LSEEK, path);
    if (error != 0)
        return error;
    off_t found = lseek((int)file->fh, offset, whence);
    return found < 0 ? -errno : found;
}

static int unruly_release(const char *path, struct fuse_file_info *file)
{
    int error = plainly(RELEASE, path);
    (void)close((int)file->fh);
    return error;
}

static int unruly_statfs(const char *path, struct statvfs *told)
{
    int error = plainly(STATFS, path);
    if (error != 0)
        return error;
    return fstatvfs(root, told) != 0 ? -errno : 0;
}

static const struct fuse_operations operations = {
    .init = unruly_init,
    .getattr = unruly_getattr,
    .readdir = unruly_readdir,
    .readlink = unruly_readlink,
    .open = unruly_open,
    .read = unruly_read,
    .lseek = unruly_lseek,
    .release = unruly_release,
    .statfs = unruly_statfs,
};

/* --- the socket ------------------------------------------------------------------------------- */

static int index_of(const char *name, const char *const *names, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return i;
    return -1;
}

static bool parse_rule(const char *line, struct rule *rule)
{
    char operation[16];
    char action[16];
    *rule = (struct rule){0};
    if (sscanf(line, "%15s %15s %lld %lld %lld %lld %255[^\n]", operation, action, &rule->n,
               &rule->times, &rule->from, &rule->to, rule->path) != 7)
        return false;
    rule->operation = index_of(operation, operation_names, ANY + 1);
    rule->action = index_of(action, action_names, ACTIONS);
    return rule->operation >= 0 && rule->action >= 0;
}

static const char *set_rules(char *text)
{
    static struct rule fresh[MOST_RULES]; /* only for the thread that takes commands */
    int count = 0;
    char *rest;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
        if (count == MOST_RULES || !parse_rule(line, &fresh[count++]))
            return "not a rule, or too many";
    (void)pthread_mutex_lock(&state.lock);
    memcpy(state.rules, fresh, sizeof(fresh));
    state.count = count;
    (void)pthread_cond_broadcast(&state.changed);
    (void)pthread_mutex_unlock(&state.lock);
    return "ok";
}

static void answer(int client, char *text)
{
    char reply[1024] = "what?";
    if (strncmp(text, "set\n", 4) == 0) {
        (void)snprintf(reply, sizeof(reply), "%s", set_rules(text + 4));
    } else {
        (void)pthread_mutex_lock(&state.lock);
        if (strcmp(text, "held") == 0)
            (void)snprintf(reply, sizeof(reply), "%ld", state.held);
        else if (strcmp(text, "given") == 0)
            (void)snprintf(reply, sizeof(reply), "%lld", state.given);
        else if (strcmp(text, "asked") == 0)
            for (int i = 0, at = 0; i < ANY; i++)
                at += snprintf(reply + at, sizeof(reply) - (size_t)at, "%s %ld\n",
                               operation_names[i], state.asked[i]);
        (void)pthread_mutex_unlock(&state.lock);
    }
    (void)send(client, reply, strlen(reply), MSG_NOSIGNAL);
}

static void *serve_commands(void *argument)
{
    static char text[MOST_TEXT];
    int listening = *(const int *)argument;
    for (;;) {
        int client = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
        size_t length = 0;
        ssize_t got;
        while ((got = read(client, text + length, sizeof(text) - 1 - length)) > 0)
            length += (size_t)got;
        text[length] = '\0';
        answer(client, text);
        (void)close(client);
    }
    return NULL;
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path))
        return -1;
    (void)strcpy(address.sun_path, path);
    int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listening < 0 || bind(listening, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(listening, SOMAXCONN) != 0)
        return -1;
    return listening;
}

static int serve(struct fuse_args *arguments, const char *point)
{
    struct fuse *fuse = fuse_new(arguments, &operations, sizeof(operations), NULL);
    if (fuse == NULL || fuse_mount(fuse, point) != 0)
        return 1;
    struct fuse_loop_config *config = fuse_loop_cfg_create();
    fuse_loop_cfg_set_max_threads(config, MOST_HELD);
    fuse_loop_cfg_set_idle_threads(config, MOST_IDLE);
    int status = fuse_loop_mt(fuse, config) != 0;
    fuse_loop_cfg_destroy(config);
    fuse_unmount(fuse);
    fuse_destroy(fuse);
    return status;
}

int main(int argc, char **argv)
{
    root = argc > 3 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int listening = argc > 3 ? listen_at(argv[3]) : -1;
    pthread_t commands;
    if (root < 0 || listening < 0 ||
        pthread_create(&commands, NULL, serve_commands, &listening) != 0) {
        (void)fputs("usage: unruly_fuse DIRECTORY MOUNTPOINT SOCKET [FUSE OPTIONS]\n", stderr);
        return 2;
    }
    struct fuse_args arguments = FUSE_ARGS_INIT(0, NULL);
    (void)fuse_opt_add_arg(&arguments, argv[0]);
    (void)fuse_opt_add_arg(&arguments, "-oattr_timeout=0,entry_timeout=0,negative_timeout=0,ro");
    for (int i = 4; i < argc; i++)
        (void)fuse_opt_add_arg(&arguments, argv[i]);
    if (fuse_opt_parse(&arguments, &direct_io, options, NULL) != 0)
        return 2;
    int status = serve(&arguments, argv[2]);
    fuse_opt_free_args(&arguments);
    return status;
}
