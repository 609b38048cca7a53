# waldo_generate(TARGET <target> [PROXY] [SERVICE] PROTOS <file.proto>... [IMPORT_DIRS <dir>...])
#
# Generates C for .proto files and makes it part of a target: for each file its messages
# (file.pb-c.h), for clients with PROXY its typed proxies (file.proxy.h), for servers with SERVICE
# its tables of methods (file.service.h); with neither, both. Links Waldo::waldo, and with SERVICE
# Waldo::server.
#
#   IMPORT_DIRS   where imports are found, besides the current source directory and Waldo's and
#                 Google's own .proto files. A file under one of them is named relative to it, in
#                 imports as in #include: IMPORT_DIRS proto PROTOS proto/shop/counter.proto gives
#                 "shop/counter.proxy.h".
#
# A .proto without a service gives all files as well, nearly empty: rules need not look inside.
# Changes of imported files are noticed. Two targets that are linked into one program should not
# both generate the same file: let one be a library and link the other to it.
#
# The variables PROTOC, PROTOC_GEN_C and PROTOBUF_INCLUDE are set by whoever includes this file.

# Run as a script on a dependency file of protoc, which does not escape the spaces in its paths.
if(CMAKE_SCRIPT_MODE_FILE AND DEFINED WALDO_DEPFILE)
  file(READ ${WALDO_DEPFILE} text)
  string(REPLACE " " "\\ " text "${text}")
  string(REPLACE "\\ \\\n" " \\\n" text "${text}") # those that separate
  string(REPLACE "\n\\ " "\n " text "${text}")
  string(REPLACE ":\\ " ": " text "${text}")
  file(WRITE ${WALDO_DEPFILE} "${text}")
  return()
endif()
set(WALDO_GENERATE_FILE ${CMAKE_CURRENT_LIST_FILE})

if(NOT DEFINED WALDO_PROTO_DIR)
  get_filename_component(WALDO_PROTO_DIR ${CMAKE_CURRENT_LIST_DIR}/../proto ABSOLUTE)
endif()

# The name of a file in imports: its path below the first directory that holds it.
function(waldo_proto_name proto dirs ret_name ret_dir)
  foreach(dir IN LISTS dirs)
    file(RELATIVE_PATH name ${dir} ${proto})
    if(NOT name MATCHES "^\\.\\./" AND NOT IS_ABSOLUTE "${name}")
      set(${ret_name} ${name} PARENT_SCOPE)
      set(${ret_dir} ${dir} PARENT_SCOPE)
      return()
    endif()
  endforeach()
  get_filename_component(dir ${proto} DIRECTORY)
  get_filename_component(name ${proto} NAME)
  set(${ret_name} ${name} PARENT_SCOPE)
  set(${ret_dir} ${dir} PARENT_SCOPE)
endfunction()

function(waldo_generate)
  cmake_parse_arguments(PARSE_ARGV 0 arg "PROXY;SERVICE" "TARGET" "PROTOS;IMPORT_DIRS")
  if(NOT TARGET "${arg_TARGET}")
    message(FATAL_ERROR "waldo_generate: TARGET \"${arg_TARGET}\" is no target")
  endif()
  if(NOT arg_PROTOS)
    message(FATAL_ERROR "waldo_generate: no PROTOS for ${arg_TARGET}")
  endif()
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "waldo_generate: what is \"${arg_UNPARSED_ARGUMENTS}\"?")
  endif()
  foreach(tool PROTOC PROTOC_GEN_C)
    if(NOT ${tool})
      message(FATAL_ERROR "waldo_generate: ${tool} was not found (Debian: protobuf-compiler, "
                          "protobuf-c-compiler)")
    endif()
  endforeach()
  if(NOT arg_PROXY AND NOT arg_SERVICE)
    set(arg_PROXY TRUE)
    set(arg_SERVICE TRUE)
  endif()

  set(dirs)
  foreach(dir IN LISTS arg_IMPORT_DIRS)
    get_filename_component(dir ${dir} ABSOLUTE)
    list(APPEND dirs ${dir})
  endforeach()
  list(APPEND dirs ${CMAKE_CURRENT_SOURCE_DIR})

  set(out ${CMAKE_CURRENT_BINARY_DIR}/waldo/${arg_TARGET})
  foreach(proto IN LISTS arg_PROTOS)
    get_filename_component(proto ${proto} ABSOLUTE)
    waldo_proto_name(${proto} "${dirs}" name dir)
    set(imports -I${dir})
    foreach(import IN LISTS dirs WALDO_PROTO_DIR PROTOBUF_INCLUDE)
      list(APPEND imports -I${import})
    endforeach()
    list(REMOVE_DUPLICATES imports)
    string(REGEX REPLACE "\\.proto(devel)?$" "" base ${out}/${name})
    set(messages ${base}.pb-c.c ${base}.pb-c.h)
    set(proxy ${base}.proxy.c ${base}.proxy.h)
    set(service ${base}.service.c ${base}.service.h)
    get_filename_component(folder ${base} DIRECTORY)
    set(escape)
    if("${base}${imports}" MATCHES " ")
      set(escape COMMAND ${CMAKE_COMMAND} -DWALDO_DEPFILE=${base}.d -P ${WALDO_GENERATE_FILE})
    endif()
    add_custom_command(
      OUTPUT ${messages} ${proxy} ${service}
      COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}
      COMMAND ${PROTOC} --plugin=protoc-gen-c=${PROTOC_GEN_C}
              --plugin=protoc-gen-waldo=$<TARGET_FILE:Waldo::protoc-gen-waldo>
              --c_out=${out} --waldo_out=${out} --dependency_out=${base}.d ${imports} ${name}
      ${escape}
      DEPENDS ${proto} Waldo::protoc-gen-waldo
      DEPFILE ${base}.d
      COMMENT "Generating C from ${name}"
      VERBATIM)
    target_sources(${arg_TARGET} PRIVATE ${messages})
    if(arg_PROXY)
      target_sources(${arg_TARGET} PRIVATE ${proxy})
    endif()
    if(arg_SERVICE)
      target_sources(${arg_TARGET} PRIVATE ${service})
    endif()
  endforeach()

  target_include_directories(${arg_TARGET} PUBLIC $<BUILD_INTERFACE:${out}>)
  target_link_libraries(${arg_TARGET} PUBLIC Waldo::waldo)
  if(arg_SERVICE)
    target_link_libraries(${arg_TARGET} PUBLIC Waldo::server)
  endif()
endfunction()
