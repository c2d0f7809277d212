/* SPDX-License-Identifier: MIT */
#include "fs/operation/operations.h"

#include <stddef.h>

#include "fs/operation/forget.h"
#include "fs/operation/getattr.h"
#include "fs/operation/init.h"
#include "fs/operation/lookup.h"
#include "fs/operation/lseek.h"
#include "fs/operation/open.h"
#include "fs/operation/opendir.h"
#include "fs/operation/read.h"
#include "fs/operation/readdir.h"
#include "fs/operation/readlink.h"
#include "fs/operation/refuse.h"
#include "fs/operation/release.h"
#include "fs/operation/statfs.h"
#include "fs/operation/xattr.h"

const struct operation *const operations[] = {
    &lookup_operation,
    &forget_operation,
    &getattr_operation,
    &readlink_operation,
    &open_operation,
    &read_operation,
    &lseek_operation,
    &release_operation,
    &opendir_operation,
    &readdir_operation,
    &readdirplus_operation,
    &releasedir_operation,
    &statfs_operation,
    &getxattr_operation,
    &listxattr_operation,
    &change_operation,
    NULL,
};

const struct fuse_lowlevel_ops operation_receivers = {
    .init = on_init,
    .lookup = on_lookup,
    .forget = on_forget,
    .forget_multi = on_forget_multi,
    .getattr = on_getattr,
    .readlink = on_readlink,
    .open = on_open,
    .read = on_read,
    .lseek = on_lseek,
    .release = on_release,
    .opendir = on_opendir,
    .readdir = on_readdir,
    .readdirplus = on_readdirplus,
    .releasedir = on_releasedir,
    .statfs = on_statfs,
    .getxattr = on_getxattr,
    .listxattr = on_listxattr,
    .setattr = refuse_setattr,
    .mknod = refuse_mknod,
    .mkdir = refuse_mkdir,
    .unlink = refuse_removal,
    .rmdir = refuse_removal,
    .symlink = refuse_symlink,
    .rename = refuse_rename,
    .link = refuse_link,
    .create = refuse_create,
    .write = refuse_write,
    .setxattr = refuse_setxattr,
    .removexattr = refuse_removexattr,
    .fallocate = refuse_fallocate,
};
