# `make install`: libraries, headers, the .proto files that users import, the programs, and what
# CMake and pkg-config need to find them. The installed tree may be moved: nothing in it is absolute.
include(CMakePackageConfigHelpers)
set(WALDO_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/Waldo)
set(WALDO_PKGCONFIG_DIR ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# Programs and libraries find each other in a private prefix too.
file(RELATIVE_PATH libraries_from_programs
  ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
set_target_properties(waldod PROPERTIES INSTALL_RPATH "$ORIGIN/${libraries_from_programs}")
set_target_properties(waldo-server PROPERTIES INSTALL_RPATH "$ORIGIN")

install(TARGETS waldo waldo-server waldod protoc-gen-waldo EXPORT WaldoTargets
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})

install(DIRECTORY runtime/include/waldo server/include/waldo
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.h)
# Generated headers: Waldo's own messages and Google's well-known ones. wire.proto is private.
install(DIRECTORY ${CMAKE_BINARY_DIR}/proto/generated/
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.h PATTERN wire.* EXCLUDE)
# Beside the headers, so that `protoc -I$includedir` finds waldo/options.proto.
install(DIRECTORY proto/waldo
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.proto PATTERN wire.* EXCLUDE)

install(EXPORT WaldoTargets NAMESPACE Waldo:: DESTINATION ${WALDO_CMAKE_DIR})
configure_package_config_file(
  ${CMAKE_SOURCE_DIR}/cmake/WaldoConfig.cmake.in ${CMAKE_BINARY_DIR}/WaldoConfig.cmake
  INSTALL_DESTINATION ${WALDO_CMAKE_DIR}
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR)
# Before 1.0 a minor version may break what an earlier one promised.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/WaldoConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${CMAKE_BINARY_DIR}/WaldoConfig.cmake ${CMAKE_BINARY_DIR}/WaldoConfigVersion.cmake
  cmake/WaldoGenerate.cmake
  DESTINATION ${WALDO_CMAKE_DIR})

file(RELATIVE_PATH WALDO_PREFIX_FROM_PKGCONFIG
  ${CMAKE_INSTALL_PREFIX}/${WALDO_PKGCONFIG_DIR} ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" WALDO_PREFIX_FROM_PKGCONFIG ${WALDO_PREFIX_FROM_PKGCONFIG})
foreach(name waldo waldo-server)
  configure_file(${CMAKE_SOURCE_DIR}/cmake/${name}.pc.in ${CMAKE_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/${name}.pc DESTINATION ${WALDO_PKGCONFIG_DIR})
endforeach()
