# Warnings are errors, for gcc and clang, in everything that is written by hand here.
add_library(waldo_flags INTERFACE)
target_compile_options(waldo_flags INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes
  -Wpointer-arith -Wvla -Wundef -fno-common)
target_compile_definitions(waldo_flags INTERFACE _GNU_SOURCE)
add_compile_options(-fno-omit-frame-pointer -fno-semantic-interposition -fno-plt)
add_link_options(-Wl,-Bsymbolic-functions)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  # For a structure of a few hundred bytes gcc has "rep stos" otherwise, which takes longer to begin than a loop to end.
  set(how "vector_loop:256:noalign,libcall:-1:noalign")
  foreach(option -mmemset-strategy=${how} -mmemcpy-strategy=${how})
    add_compile_options($<$<COMPILE_LANGUAGE:C>:${option}>)
    add_link_options($<$<LINK_LANGUAGE:C>:${option}>)
  endforeach()
endif()
if(WALDO_LTO)
  include(CheckIPOSupported)
  check_ipo_supported(RESULT CMAKE_INTERPROCEDURAL_OPTIMIZATION OUTPUT WALDO_LTO_OUTPUT LANGUAGES C)
endif()
# What a program of a test needs beside a sanitizer.
add_library(waldo_sanitized_program INTERFACE)
if(WALDO_SANITIZE MATCHES thread)
  target_sources(waldo_sanitized_program INTERFACE ${PROJECT_SOURCE_DIR}/tests/tsan/arena.c)
elseif(WALDO_SANITIZE MATCHES address AND CMAKE_C_COMPILER_ID STREQUAL "GNU"
       AND CMAKE_C_COMPILER_VERSION VERSION_LESS 15)
  target_sources(waldo_sanitized_program INTERFACE ${PROJECT_SOURCE_DIR}/tests/asan/fork.c)
endif()
if(WALDO_SANITIZE)
  add_compile_options(-fsanitize=${WALDO_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${WALDO_SANITIZE})
endif()
