# SPDX-License-Identifier: MIT
# The Debian package: scripts/package makes it, or cpack in a build directory.
set(here ${CMAKE_CURRENT_LIST_DIR})

# Who makes a package is its maintainer, as with Debian's own tools.
if(DEFINED ENV{DEBEMAIL})
  set(name "$ENV{DEBFULLNAME}")
  if(NOT name)
    set(name "bigfs developers")
  endif()
  set(maintainer "${name} <$ENV{DEBEMAIL}>")
else()
  set(maintainer "bigfs developers <bigfs@packages.invalid>")
endif()
set(BIGFS_MAINTAINER "${maintainer}" CACHE STRING "Name and address of the maintainer")
set(BIGFS_PACKAGE_REVISION 1 CACHE STRING "Revision of the package of this version")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME bigfs)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "${BIGFS_MAINTAINER}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE ${BIGFS_PACKAGE_REVISION})
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS fuse3)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "parallel")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${here}/postrm)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "large files as directories of pieces")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"bigfs is a read-only FUSE file system. It shows every large file of a
directory as a directory of pieces, which are ordinary files: of equal
size, of whole lines or records, or of the same number of lines. Any tool
can work on them, many at once, on one host or on many. Nothing is copied.
.
Compressed files (gzip, zstd, xz) are shown by what they hold, too.")

# Debian's changelog names the one version that is packaged; docs/CHANGELOG.md says what changed.
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC) # SOURCE_DATE_EPOCH, if it is set
file(WRITE ${PROJECT_BINARY_DIR}/install/changelog.Debian
"bigfs (${PROJECT_VERSION}-${BIGFS_PACKAGE_REVISION}) unstable; urgency=medium

  * Package of bigfs ${PROJECT_VERSION}; see docs/CHANGELOG.md beside this file.

 -- ${BIGFS_MAINTAINER}  ${date}
")
execute_process(COMMAND ${GZIP} -9nf changelog.Debian
                WORKING_DIRECTORY ${PROJECT_BINARY_DIR}/install COMMAND_ERROR_IS_FATAL ANY)
install(FILES ${PROJECT_BINARY_DIR}/install/changelog.Debian.gz
        DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES ${here}/lintian-overrides RENAME bigfs
        DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/lintian/overrides
        COMPONENT debian EXCLUDE_FROM_ALL)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_COMPONENTS_ALL Unspecified debian)
include(CPack)
