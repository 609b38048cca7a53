/* Names that cannot be declared, because C, C++, the preprocessor or the C library has them. */
#include "names.h"

#include <string.h>

/* Each list is one string: names between spaces. */
static const char keywords[] =
    " alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t"
    " char32_t class co_await co_return co_yield compl concept const const_cast consteval constexpr"
    " constinit continue decltype default delete do double dynamic_cast else enum explicit export"
    " extern false float for friend goto if inline int long mutable namespace new noexcept not"
    " not_eq nullptr operator or or_eq private protected public register reinterpret_cast requires"
    " restrict return short signed sizeof static static_assert static_cast struct switch template"
    " this thread_local throw true try typedef typeid typename typeof typeof_unqual union unsigned"
    " using virtual void volatile wchar_t while xor xor_eq"
    " _Alignas _Alignof _Atomic _BitInt _Bool _Complex _Decimal128 _Decimal32 _Decimal64 _Float128"
    " _Float16 _Float32 _Float32x _Float64 _Float64x _Generic _Imaginary _Noreturn _Pragma"
    " _Static_assert _Thread_local __FUNCTION__ __PRETTY_FUNCTION__ __alignof __alignof__ __asm"
    " __asm__ __attribute __attribute__ __auto_type __complex __complex__ __const __const__"
    " __decltype __extension__ __float128 __func__ __imag __imag__ __inline __inline__ __int128"
    " __int128_t __label__ __null __nullptr __real __real__ __restrict __restrict__ __signed"
    " __signed__ __thread __typeof __typeof__ __uint128_t __volatile __volatile__ ";

/* What protoc-gen-c 1.4.1 takes for a keyword, and gives a `_` when a field is named so. */
static const char escaped_fields[] =
    " and and_eq asm auto bitand bitor bool break case catch char class compl const const_cast"
    " continue default delete do double dynamic_cast else enum explicit extern false float for"
    " friend goto if inline int long mutable namespace new not not_eq operator or or_eq private"
    " protected public register reinterpret_cast return short signed sizeof static static_cast"
    " struct switch template this throw true try typedef typeid typename union unsigned using"
    " virtual void volatile wchar_t while xor xor_eq ";

/* Macros that the headers of every generated file define, or that most programs have, and those
 * that a compiler predefines in its GNU mode. */
static const char macros[] =
    " AIO_PRIO_DELTA_MAX BIG_ENDIAN BUFSIZ BYTE_ORDER CHAR_BIT CHAR_MAX CHAR_MIN EOF EXIT_FAILURE"
    " EXIT_SUCCESS FD_CLR FD_ISSET FD_SET FD_SETSIZE FD_ZERO FILENAME_MAX FOPEN_MAX FP_INFINITE"
    " FP_NAN FP_NORMAL FP_SUBNORMAL FP_ZERO HOST_NAME_MAX HUGE_VAL HUGE_VALF HUGE_VALL I INFINITY"
    " INT8_C INT8_MAX INT8_MIN INT16_C INT16_MAX INT16_MIN INT32_C INT32_MAX INT32_MIN INT64_C"
    " INT64_MAX INT64_MIN INTMAX_C INTMAX_MAX INTMAX_MIN INTPTR_MAX INTPTR_MIN INT_MAX INT_MIN"
    " LINE_MAX LITTLE_ENDIAN LLONG_MAX LLONG_MIN LONG_BIT LONG_MAX LONG_MIN MATH_ERREXCEPT"
    " MATH_ERRNO MAXFLOAT MAX_CANON MAX_INPUT MB_CUR_MAX MB_LEN_MAX M_E M_LN10 M_LN2 M_LOG10E"
    " M_LOG2E M_PI M_PI_2 M_PI_4 M_1_PI M_2_PI M_2_SQRTPI M_SQRT1_2 M_SQRT2 NAME_MAX NAN NDEBUG"
    " NFDBITS NULL NZERO PATH_MAX PDP_ENDIAN PIPE_BUF PTRDIFF_MAX PTRDIFF_MIN P_tmpdir L_tmpnam"
    " RAND_MAX SCHAR_MAX SCHAR_MIN SEEK_CUR SEEK_DATA SEEK_END SEEK_HOLE SEEK_SET SHRT_MAX"
    " SHRT_MIN SIG_ATOMIC_MAX SIG_ATOMIC_MIN SIG_DFL SIG_ERR SIG_IGN SIZE_MAX SNAN SSIZE_MAX"
    " TMP_MAX UCHAR_MAX UINT8_C UINT8_MAX UINT16_C UINT16_MAX UINT32_C UINT32_MAX UINT64_C"
    " UINT64_MAX UINTMAX_C UINTMAX_MAX UINTPTR_MAX UINT_MAX ULLONG_MAX ULONG_MAX USHRT_MAX"
    " WCHAR_MAX WCHAR_MIN WCONTINUED WEXITED WEXITSTATUS WIFEXITED WIFSIGNALED WIFSTOPPED WINT_MAX"
    " WINT_MIN WNOHANG WNOWAIT WORD_BIT WSTOPPED WSTOPSIG WTERMSIG WUNTRACED"
    " E2BIG EACCES EADDRINUSE EAGAIN EBADF EBUSY ECANCELED ECHILD ECONNREFUSED EDEADLK EDOM EEXIST"
    " EFAULT EFBIG EILSEQ EINPROGRESS EINTR EINVAL EIO EISDIR ELOOP EMFILE EMLINK EMSGSIZE ENFILE"
    " ENODEV ENOENT ENOEXEC ENOLCK ENOMEM ENOSPC ENOSYS ENOTDIR ENOTEMPTY ENOTSUP ENOTTY ENXIO"
    " EOVERFLOW EPERM EPIPE EPROTO ERANGE EROFS ESPIPE ESRCH ETIMEDOUT EWOULDBLOCK EXDEV"
    " SIGABRT SIGALRM SIGBUS SIGCHLD SIGCONT SIGFPE SIGHUP SIGILL SIGINT SIGIO SIGKILL SIGPIPE"
    " SIGPOLL SIGPROF SIGQUIT SIGSEGV SIGSTOP SIGSYS SIGTERM SIGTRAP SIGTSTP SIGTTIN SIGTTOU"
    " SIGURG SIGUSR1 SIGUSR2 SIGVTALRM SIGXCPU SIGXFSZ"
    " alloca assert be16toh be32toh be64toh complex errno fpclassify htobe16 htobe32 htobe64"
    " htole16 htole32 htole64 i386 imaginary isfinite isgreater isgreaterequal isinf isless"
    " islessequal islessgreater isnan isnormal isunordered le16toh le32toh le64toh linux"
    " math_errhandling noreturn offsetof setjmp signbit sigsetjmp stderr stdin stdout strdupa"
    " strndupa unix va_arg va_copy va_end va_start"
    " __COUNTER__ __DATE__ __FILE__ __LINE__ __STDC__ __STDC_VERSION__ __TIME__ __cplusplus"
    " __linux__ __unix__ __x86_64__ __aarch64__ __linux __unix __ELF__ __GNUC__ __OPTIMIZE__ ";

/* Functions and types that a name without a package, or in package waldo, can meet, and what
 * generated code calls its parameters. */
static const char globals[] =
    " FILE DIR abort abs accept access acos acosh alarm asctime asin asinh atan atanh atexit atof"
    " atoi atol atoll bind brk bsearch calloc cbrt ceil chdir chmod chown clearerr clock close"
    " connect copysign cos cosh creat ctermid ctime daemon difftime div dprintf drem dup environ "
    "erf"
    " erfc execl execv exit exp exp10 exp2 expm1 fabs fclose fdim fdopen feof ferror fflush fgetc"
    " fgetpos fgets fileno finite floor flockfile fma fmax fmin fmod fopen fork fprintf fputc fputs"
    " fread free freopen frexp fscanf fseek fsetpos fsync ftell ftruncate fwrite gamma getc getchar"
    " getcwd getdelim getenv getline getopt getpid gets getw gmtime hypot ilogb index isalnum"
    " isalpha isdigit islower isspace isupper jn j0 j1 kill labs ldexp ldiv lgamma link listen"
    " llabs lldiv llrint llround localtime log log10 log1p log2 logb longjmp lrint lround lseek"
    " main malloc memchr memcmp memcpy memmove memset mkdir mktime modf nan nearbyint nextafter"
    " nexttoward nice open pause pclose perror pipe poll popen pow pow10 pread printf putc putchar"
    " putenv puts putw pwrite qsort raise rand random read realloc recv remainder remove remquo"
    " rename renameat rewind rindex rint rmdir round scalb scalbln scalbn scanf select send setbuf"
    " setenv setvbuf shutdown signal significand sin sincos sinh sleep snprintf socket sprintf sqrt"
    " srand srandom sscanf stat strcat strchr strcmp strcoll strcpy strcspn strdup strerror"
    " strftime strlen strncat strncmp strncpy strpbrk strrchr strspn strstr strtod strtok strtol"
    " symlink sync syscall sysconf system tan tanh tempnam tgamma time times tmpfile tmpnam trunc"
    " truncate umask ungetc unlink usleep vfork vprintf vscanf vsnprintf wait write y0 y1 yn"
    " quad register_t int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t u_char"
    " u_int u_long u_short uint ulong ushort id_t key_t pid_t uid_t gid_t off_t size_t ssize_t"
    " time_t clock_t dev_t ino_t mode_t double_t float_t fd_set va_list fpos_t max_align_t wint_t"
    " timeval timespec loff_t nlink_t timer_t clockid_t suseconds_t fsid_t daddr_t caddr_t"
    " arguments item iterator manager proxy reterr result self status"
    " waldo_array waldo_call waldo_connect waldo_error waldo_export waldo_generator waldo_kind"
    " waldo_manager waldo_method_info waldo_method_to_typeid waldo_module waldo_print waldo_proxy"
    " waldo_proxy_method waldo_proxy_type waldo_registration waldo_registry waldo_server"
    " waldo_service waldo_service_method waldo_service_typeid waldo_type_info waldo_value waldo_v ";

static bool is_listed(const char *list, const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || strchr(name, ' ') != NULL)
        return false;
    for (const char *at = list; (at = strstr(at, name)) != NULL; at += length)
        if (at[-1] == ' ' && at[length] == ' ')
            return true;
    return false;
}

char *names_field(struct arena *arena, const char *name)
{
    char *field = arena_print(arena, "%s_", name);
    size_t length = strlen(name);
    for (size_t i = 0; i < length; i++)
        if (field[i] >= 'A' && field[i] <= 'Z')
            field[i] = (char)(field[i] - 'A' + 'a');
    field[length] = '\0';
    if (is_listed(escaped_fields, field))
        field[length] = '_';
    return field;
}

const char *names_reserved(const char *name)
{
    if (is_listed(keywords, name))
        return "a keyword of C or C++";
    if (is_listed(macros, name))
        return "a macro of the C library or the compiler";
    if (strncmp(name, "WALDO_", 6) == 0 || strncmp(name, "PROTOBUF_C_", 11) == 0)
        return "a macro's, by its beginning";
    return NULL;
}

const char *names_reserved_global(const char *name)
{
    const char *reason = names_reserved(name);
    if (reason == NULL && is_listed(globals, name))
        reason = "a name of the C library or of Waldo itself";
    return reason;
}
