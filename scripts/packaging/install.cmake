# SPDX-License-Identifier: MIT
# What is installed besides the program. Paths are relative to the prefix, so that one build can be
# installed anywhere.
set(here ${CMAKE_CURRENT_LIST_DIR})
set(ready ${PROJECT_BINARY_DIR}/install)
set(share ${CMAKE_INSTALL_DATAROOTDIR})

# --- manual pages: compressed, without a time stamp ---
find_program(GZIP gzip REQUIRED)
foreach(page bigfs.1 mount.bigfs.8)
  add_custom_command(OUTPUT ${ready}/${page}.gz
                     COMMAND ${GZIP} -9nc ${PROJECT_SOURCE_DIR}/docs/${page} > ${ready}/${page}.gz
                     DEPENDS ${PROJECT_SOURCE_DIR}/docs/${page} VERBATIM)
  list(APPEND pages ${ready}/${page}.gz)
endforeach()
file(MAKE_DIRECTORY ${ready}/docs)
add_custom_target(manual ALL DEPENDS ${pages})
install(FILES ${ready}/bigfs.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${ready}/mount.bigfs.8.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)

# --- documents: the manual page and the licence are elsewhere, so links to them must change ---
function(install_document name)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${name})
  file(READ ${PROJECT_SOURCE_DIR}/${name} text)
  string(REGEX REPLACE "\\[([^]\n]*)\\]\\((docs/)?bigfs\\.1\\)" "\\1" text "${text}")
  string(REPLACE "](LICENSE)" "](copyright)" text "${text}")
  file(WRITE ${ready}/${name} "${text}")
  get_filename_component(folder ${name} DIRECTORY)
  install(FILES ${ready}/${name} DESTINATION ${CMAKE_INSTALL_DOCDIR}/${folder})
endfunction()
file(GLOB documents CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/docs/*.md)
foreach(document README.md ${documents})
  install_document(${document})
endforeach()
install(DIRECTORY docs/figures DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs)
install(FILES ${here}/copyright.txt RENAME copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${here}/chunks.conf DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)

# --- mount -t bigfs, systemd, completion ---
install(PROGRAMS ${here}/mount.bigfs DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(FILES ${here}/bigfs@.service DESTINATION lib/systemd/system)
install(FILES ${here}/completion/bigfs.bash RENAME bigfs
        DESTINATION ${share}/bash-completion/completions)
install(FILES ${here}/completion/_bigfs ${here}/completion/_bigfs_names
        DESTINATION ${share}/zsh/vendor-completions)
install(FILES ${here}/completion/bigfs.fish DESTINATION ${share}/fish/vendor_completions.d)
install(FILES ${here}/completion/__bigfs_names.fish DESTINATION ${share}/fish/vendor_functions.d)
