# What Waldo stands on; scripts/deps.sh installs the same under Debian's names.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(PROTOBUF_C REQUIRED IMPORTED_TARGET libprotobuf-c>=1.4)
pkg_check_modules(NANOMSG REQUIRED IMPORTED_TARGET nanomsg)
pkg_check_modules(LIBUV REQUIRED IMPORTED_TARGET libuv)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(MD REQUIRED IMPORTED_TARGET libmd)
pkg_check_modules(GMP REQUIRED IMPORTED_TARGET gmp)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis)
# A header, which waldo/mp/buffer.h includes.
find_path(DLPACK_INCLUDE dlpack/dlpack.h REQUIRED)
if(WALDO_TESTS)
  pkg_check_modules(CRITERION REQUIRED IMPORTED_TARGET criterion)
endif()
find_program(PROTOC protoc REQUIRED)
find_program(PROTOC_GEN_C protoc-gen-c REQUIRED)
# Where protoc's own .proto files are: descriptor, plugin, empty, timestamp, ...
find_path(PROTOBUF_INCLUDE google/protobuf/compiler/plugin.proto REQUIRED)
