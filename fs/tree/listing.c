#include "fs/tree/listing.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/content/holes.h"
#include "core/extent/extents.h"
#include "core/index/index_making.h"
#include "core/view/piece_name.h"
#include "fs/operation/request.h"
#include "fs/tree/attributes.h"
#include "fs/tree/lookup.h"

/* A reply that is being filled. */
struct listing {
    struct driver *driver;
    fuse_req_t request;
    struct node *node;
    struct open_dir *dir; /* a directory of SOURCE: what its reader has open, or NULL */
    const struct cancel cancel;
    bool with_nodes;  /* READDIRPLUS: an entry may come with its node, which is then looked up */
    bool with_pieces; /* so do the pieces of this view */
    bool local;       /* as dir_stream.local */
    bool watchful;    /* there are mounts that lead back to ourselves: not to be asked */
    char *buffer;
    size_t size;
    size_t used;
};

/* Adds an entry; `next` is the place after it. Returns false when it did not fit. */
static bool add_entry(struct listing *listing, const char *name,
                      const struct fuse_entry_param *entry, off_t next)
{
    char *end = listing->buffer + listing->used;
    size_t room = listing->size - listing->used;
    size_t length = listing->with_nodes
                        ? fuse_add_direntry_plus(listing->request, end, room, name, entry, next)
                        : fuse_add_direntry(listing->request, end, room, name, &entry->attr, next);
    if (length > room)
        return false;
    listing->used += length;
    return true;
}

/* Adds an entry without its node: a program that wants more than its name and type looks it up. */
static bool add(struct listing *listing, const char *name, mode_t mode, uint64_t inode, off_t next)
{
    const struct fuse_entry_param entry = {.attr = {.st_mode = mode, .st_ino = inode}};
    return add_entry(listing, name, &entry, next);
}

/* Adds an entry that has been looked up. */
static bool add_found(struct listing *listing, const char *name, const struct entry *found,
                      off_t next)
{
    const struct fuse_entry_param entry = entry_for_kernel(listing->driver, found);
    if (add_entry(listing, name, &entry, next))
        return true;
    node_forget(&listing->driver->nodes, found->node, 1);
    return false;
}

static bool add_child(struct listing *listing, const char *name, enum node_kind kind,
                      const union node_content *content, off_t next)
{
    bool directory = kind == NODE_DIRECTORY || kind == NODE_LARGE || kind == NODE_VIEW;
    mode_t mode = directory ? S_IFDIR : kind == NODE_SYMLINK ? S_IFLNK : S_IFREG;
    return add(listing, name, mode, node_inode(listing->node, kind, name, content), next);
}

/* Adds "." or "..". */
static bool add_dots(struct listing *listing, const char *name, off_t next)
{
    const struct node *node = listing->node;
    if (strcmp(name, "..") == 0 && node->parent != NULL)
        node = node->parent;
    return add(listing, name, S_IFDIR, node->inode, next);
}

/*
 * The attributes of an entry. What another file system has bound over the name is not asked: it may
 * not answer, and the listing waits for the directory's own alone.
 */
static int look_at_entry(const struct listing *listing, int directory, const char *name,
                         struct stat *attributes)
{
    int error = file_recall(directory, name, attributes);

    if (error != 0 || listing->local ||
        attributes->st_dev != (dev_t)atomic_load(&listing->node->device))
        return error;
    return fstatat(directory, name, attributes, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : -errno;
}

/* Adds what stands in SOURCE under this name. Returns false when it did not fit. */
static bool add_source_entry(struct listing *listing, int directory, const char *name,
                             unsigned char type, off_t next)
{
    struct driver *driver = listing->driver;
    union node_content content = {0};
    struct entry found = {.device = atomic_load(&listing->node->device)};
    struct stat attributes;

    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return add_dots(listing, name, next);
    if (lookup_is_control(driver, listing->node, name))
        return true;
    if (listing->watchful && own_mounts_check(&driver->own, directory, name) == -MET_OURSELVES)
        return true; /* a look-up gets ELOOP; a walk is spared that */
    if (listing->with_nodes && lookup(driver, listing->node, name, &listing->cancel, &found) == 0)
        return add_found(listing, name, &found, next);
    if (type == DT_DIR) /* not looked at: another file system may be mounted there */
        return add_child(listing, name, NODE_DIRECTORY, &content, next);
    if (look_at_entry(listing, directory, name, &attributes) != 0)
        return true; /* removed since */
    if (S_ISDIR(attributes.st_mode))
        return add_child(listing, name, NODE_DIRECTORY, &content, next);
    if (S_ISLNK(attributes.st_mode))
        return add_child(listing, name, NODE_SYMLINK, &content, next);
    if (!S_ISREG(attributes.st_mode))
        return true; /* sockets, FIFOs and devices are left out */
    if (driver_is_large(driver, (uint64_t)attributes.st_size))
        return add_child(listing, name, NODE_LARGE, &content, next);
    file_identity_of(&attributes, &content.file.identity);
    return add_child(listing, name, NODE_FILE, &content, next);
}

/* Opens the directory that is listed. Returns a stream or NULL, and the error then. */
static struct dir_stream *open_stream(const struct listing *listing, int *error)
{
    AUTO_FREE char *path = node_path(listing->node, NULL);

    *error = -ENOMEM;
    if (path == NULL)
        return NULL;
    int fd =
        beneath_open(&listing->driver->pool.beneath, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
    if (fd < 0) {
        *error = fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP ? -ESTALE : fd;
        return NULL;
    }
    return dir_streams_open(&listing->driver->dirs, fd);
}

/* Adds what a stream has from a place on, until the reply is full. */
static int list_stream(struct listing *listing, struct dir_stream *stream, off_t offset)
{
    const struct dirent64 *entry;
    int error = dir_stream_seek(stream, offset);

    while (error == 0) {
        error = dir_stream_entry(stream, &entry);
        if (error == 0 &&
            !add_source_entry(listing, stream->fd, entry->d_name, entry->d_type, entry->d_off))
            return 0;
        if (error == 0)
            dir_stream_pass(stream);
    }
    return error == -NO_MORE_DATA || listing->used > 0 ? 0 : error;
}

/*
 * Lists a directory of SOURCE; the places are those of the file system beneath. Its stream is kept
 * for the next reply (fs/tree/dir_streams.h), and opened if it is not there: by the first reply, by
 * a second reader of the same open directory, and if too many are open.
 */
static int list_source(struct listing *listing, off_t offset)
{
    struct dir_streams *dirs = &listing->driver->dirs;
    struct dir_stream *stream = dir_streams_take(dirs, listing->dir);
    int error = 0;

    listing->watchful = own_mounts_possible(&listing->driver->own);
    if (stream == NULL)
        stream = open_stream(listing, &error);
    if (stream == NULL)
        return error;
    listing->local = stream->local;
    error = list_stream(listing, stream, offset);
    dir_streams_keep(dirs, listing->dir, stream);
    return error;
}

static int list_single(struct listing *listing, off_t offset)
{
    static const char *const dots[] = {".", ".."};
    for (; offset < 2; offset++)
        if (!add_dots(listing, dots[offset], offset + 1))
            return 0;
    if (offset == 2)
        (void)add_source_entry(listing, listing->driver->directory, listing->driver->single,
                               DT_UNKNOWN, 3);
    return 0;
}

/* Whether a large file has a hole. One that cannot be looked at shows none. */
static bool has_holes(const struct listing *listing, struct source *source)
{
    struct generation *generation = NULL;
    struct stat attributes;
    uint64_t hole = 0;

    if (source_look_and_pin(source, &generation, &attributes) != 0)
        return false;
    uint64_t size = generation_size(generation);
    int error = holes_seek(source, generation, EXTENT_HOLE, 0, size, &listing->cancel, &hole);
    source_unpin(source, generation);
    generation_unref(generation);
    return error == 0 && hole < size;
}

/* Which views of a large file are listed: of those that not every file has, what it has. */
static void choose_views(const struct listing *listing, bool *listed)
{
    struct source *source = listing->node->content.source;
    struct generation *generation = NULL;
    struct stat attributes;

    memcpy(listed, listing->driver->settings->listed, VIEW_KINDS * sizeof(listed[0]));
    bool known = source_look(source, &generation, &attributes) == 0;
    bool sparse = known && source_may_have_holes(source, generation);
    listed[VIEW_ROWS] =
        listed[VIEW_ROWS] && known && index_is_there(&listing->driver->store, source, generation);
    generation_unref(generation);
    listed[VIEW_EXTENTS] = listed[VIEW_EXTENTS] && sparse && has_holes(listing, source);
}

/*
 * Each view has two places in a large file's directory, its directory and its table, whether they
 * are shown or not: so the others keep theirs when a file gets its first hole, or an index.
 */
enum { LARGE_PLACES = 2 * VIEW_KINDS };

/* Adds the entry at a place. Returns false when it did not fit. */
static bool add_large_entry(struct listing *listing, off_t place)
{
    static const union node_content whole = {.piece.selector.kind = SELECT_WHOLE};
    enum view_kind view = (enum view_kind)(place / 2);
    bool table = place % 2 == 1;
    char name[PIECE_NAME_MOST + 1];

    if (view == VIEW_WHOLE) {
        piece_name_write_whole(file_extension(listing->node->name), name);
        return table || add_child(listing, name, NODE_PIECE, &whole, place + 3);
    }
    (void)snprintf(name, sizeof(name), "%s%s", view_kind_name(view), table ? ".tsv" : "");
    return add_child(listing, name, table ? NODE_TABLE : NODE_VIEW, &whole, place + 3);
}

static int list_large(struct listing *listing, off_t offset)
{
    bool listed[VIEW_KINDS];

    choose_views(listing, listed);
    for (off_t place = offset - 2; place < LARGE_PLACES; place++)
        if (listed[place / 2] && !add_large_entry(listing, place))
            return 0;
    return 0;
}

static bool add_piece(struct listing *listing, const char *name, const union node_content *content,
                      off_t next)
{
    const struct selector *selector = &content->piece.selector;
    struct entry found;

    if (listing->with_pieces &&
        lookup_selected(listing->driver, listing->node, selector, &listing->cancel, &found) == 0)
        return add_found(listing, name, &found, next);
    return add_child(listing, name, NODE_PIECE, content, next);
}

/*
 * Lists pieces from a cursor on; the place of an entry is the cursor after it. The largest place
 * is the end: a file can be so long that nothing above its last cursor is left for the dots.
 */
static int list_pieces(struct listing *listing, const struct view_file *file, uint64_t cursor)
{
    const char *extension = file_extension(node_large(listing->node)->name);
    const struct view *view = &listing->node->content.view;
    uint64_t count = view_count(view, file);
    union node_content content = {0};
    char name[PIECE_NAME_MOST + 1];
    int error = 0;

    while (cursor < OFFSET_MAX - 2) {
        error = view_next(view, file, &cursor, &content.piece.selector);
        if (error != 0)
            break;
        piece_name_write(view, extension, count, &content.piece.selector, name);
        off_t next = (off_t)min_u64(cursor, OFFSET_MAX - 2) + 2;
        if (!add_piece(listing, name, &content, next))
            break;
    }
    return error == -NO_MORE_PIECES || listing->used > 0 ? 0 : error;
}

/* Lists the pieces of a view for which the file must be looked at. */
static int list_by_generation(struct listing *listing, struct view_file *file, uint64_t cursor)
{
    const struct view *view = &listing->node->content.view;
    struct stat attributes;

    int error = source_look_and_pin(file->source, &file->generation, &attributes);
    if (error != 0)
        return error;
    file->size = generation_size(file->generation);
    error = driver_is_large(listing->driver, file->size) ? 0 : -ESTALE;
    if (error == 0)
        error = view_file_complete(file, view, &listing->driver->store);
    if (error == 0)
        error = list_pieces(listing, file, cursor);
    line_index_unref(file->index);
    source_unpin(file->source, file->generation);
    generation_unref(file->generation);
    return error == -ENOENT ? -ESTALE : error;
}

/* Whether a large file has been opened and its ends been read before, as it is now. */
static bool is_settled(struct source *source)
{
    struct generation *generation = NULL;
    struct stat attributes;
    bool settled =
        source_look(source, &generation, &attributes) == 0 && generation_settled(generation);

    generation_unref(generation);
    return settled;
}

/*
 * Whether the attributes of a view's pieces take neither a scan, nor a count of extents, nor a
 * first look into the file: a program that lists only names, which at first the kernel cannot tell,
 * must not wait for these.
 */
static bool pieces_are_cheap(const struct view *view, struct source *source,
                             const struct stat *attributes)
{
    struct file_identity identity;

    file_identity_of(attributes, &identity);
    return !view_scans(view) && !extents_possible(&identity) && is_settled(source);
}

static int list_view(struct listing *listing, off_t offset)
{
    const struct node *large = node_large(listing->node);
    const struct view *view = &listing->node->content.view;
    struct view_file file = {.source = large->content.source, .cancel = &listing->cancel};
    uint64_t cursor = (uint64_t)offset - 2;
    struct stat source;

    if (!view_is_numbered(view) || view_needs_index(view))
        return list_by_generation(listing, &file, cursor);
    int error = attributes_now_of_large(listing->driver, large, &source);
    if (error != 0)
        return error;
    file.size = (uint64_t)source.st_size;
    listing->with_pieces = listing->with_nodes && pieces_are_cheap(view, file.source, &source);
    return list_pieces(listing, &file, cursor);
}

static int list_control(struct listing *listing, off_t offset)
{
    for (off_t place = offset - 2; place < REPORTS; place++) {
        enum report report = (enum report)place;
        const union node_content content = {.generated.report = report};
        if (!add_child(listing, report_name(report), NODE_REPORT, &content, place + 3))
            break;
    }
    return 0;
}

/* Directories that we make up: places 0 and 1 are the dots, and `rest` lists from place 2 on. */
static int list_made_up(struct listing *listing, off_t offset,
                        int (*rest)(struct listing *listing, off_t offset))
{
    if (offset == 0 && !add_dots(listing, ".", ++offset))
        return 0;
    if (offset == 1 && !add_dots(listing, "..", ++offset))
        return 0;
    return rest(listing, offset);
}

int listing_fill(struct driver *driver, fuse_req_t request, struct node *node,
                 const struct listing_place *from, bool with_nodes, struct listing_reply *reply)
{
    struct listing listing = {
        .driver = driver,
        .request = request,
        .node = node,
        .dir = from->dir,
        .cancel = cancel_of(request),
        .with_nodes = with_nodes,
        .buffer = reply->buffer,
        .size = reply->size,
    };
    const off_t offset = from->offset;
    int error = -ENOTDIR;

    if (offset < 0)
        return -EINVAL;
    if (node->kind == NODE_DIRECTORY)
        error =
            driver->single != NULL ? list_single(&listing, offset) : list_source(&listing, offset);
    else if (node->kind == NODE_LARGE)
        error = list_made_up(&listing, offset, list_large);
    else if (node->kind == NODE_VIEW)
        error = list_made_up(&listing, offset, list_view);
    else if (node->kind == NODE_CONTROL)
        error = list_made_up(&listing, offset, list_control);
    reply->used = listing.used;
    return error;
}
