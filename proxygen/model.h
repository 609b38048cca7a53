/* What the .proto files say, checked: files, messages, services, typeids and methods.
 *
 * Everything belongs to the model's arena and points into the request, which must outlive it. */
#ifndef PROXYGEN_MODEL_H
#define PROXYGEN_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include <google/protobuf/compiler/plugin.pb-c.h>
#include <google/protobuf/descriptor.pb-c.h>

#include "errors.h"
#include "source.h"

typedef Google__Protobuf__Compiler__CodeGeneratorRequest request_message;
typedef Google__Protobuf__FileDescriptorProto file_proto;
typedef Google__Protobuf__DescriptorProto message_proto;
typedef Google__Protobuf__EnumDescriptorProto enum_proto;
typedef Google__Protobuf__FieldDescriptorProto field_proto;
typedef Google__Protobuf__ServiceDescriptorProto service_proto;
typedef Google__Protobuf__MethodDescriptorProto method_proto;

/* Messages nested deeper than this are refused. */
#define MODEL_DEPTH 32

/* A message or an enum. */
struct message {
    struct message *next; /* in its file, in order */
    const char *full_name;
    const char *c_type;
    const char *c_lower;
    const char *c_upper;
    const struct file *file;
    const message_proto *proto; /* NULL: an enum */
    const enum_proto *enumeration;
    const char *base_field;
    bool has_free; /* protoc-gen-c writes c_lower__free_unpacked */
    struct path path;
};

enum method_kind {
    METHOD_UNARY,
    METHOD_PROXY,     /* returns a proxy */
    METHOD_GENERATOR, /* starts a generator */
    METHOD_ITERATES   /* `__next__`: the object is the generator */
};

struct method {
    const char *name;      /* in C */
    const char *wire_name; /* what clients call */
    const method_proto *proto;
    const struct service *service;
    enum method_kind kind;
    const struct message *input;  /* as in the .proto */
    const struct message *output; /* as in the .proto */
    bool has_input;               /* not google.protobuf.Empty */
    bool has_output;              /* unary, and not google.protobuf.Empty */
    bool reads_ahead;             /* a generator whose items may be made early */
    const struct typeid *returns; /* METHOD_PROXY; NULL: of any typeid */
    uint32_t deadline_ms;
    const char *comment;
    const char *signature;
    struct path path;
    struct position position; /* of the name */
};

struct typeid
{
    const char *name;
    const char *prefix; /* of the client's names */
    const struct service *service;
    const struct method **exposed; /* in the order of the .proto */
    size_t exposed_count;
    char **list; /* as written; NULL: the public methods */
    size_t list_count;
    bool no_create;
    struct position position;
};

struct service {
    const char *name;
    const char *full_name;
    const char *prefix; /* of the server's names */
    const struct file *file;
    const service_proto *proto;
    struct typeid *typeids;
    size_t typeid_count;
    struct method *methods;
    size_t method_count;
    const struct message *create; /* NULL: created from nothing */
    bool concurrent;
    const char *comment;
    struct path path;
    struct position position; /* of the name */
};

struct file {
    const file_proto *proto;
    const char *name;
    const char *base; /* without .proto */
    const char *package;
    const char *c_package; /* what protoc-gen-c takes instead */
    bool no_generate;      /* protoc-gen-c writes nothing for it */
    bool pack_helpers;     /* of top-level messages */
    bool nested_helpers;
    bool selected; /* to be generated */
    struct file **imports;
    size_t import_count;
    struct message *messages;
    struct service *services;
    size_t service_count;
};

struct model {
    struct arena *arena;
    struct errors *errors;
    struct file *files; /* imports first */
    size_t file_count;
    struct map file_map;    /* by name */
    struct map message_map; /* by full name */
};

/** Builds and checks the model; what is wrong is in model->errors. arena and errors are set. */
void model_build(struct model *model, const request_message *request);

/* ---- The steps of model_build, each in a file of its own ---- */

/** messages.c: the messages and enums of a file, and what protoc-gen-c cannot do with them. */
void model_read_messages(struct model *model, struct file *file);
/** services.c: the services of a file, their methods and typeids. */
void model_read_services(struct model *model, struct file *file);
/** methods.c: the methods of a service. */
void model_read_methods(struct model *model, struct service *service);
/** methods.c: which proxies the methods of a service return. After all services are read. */
void model_resolve_returns(struct model *model, struct service *service);
/* The C type of the proxies that a METHOD_PROXY returns. */
const char *model_proxy_type(const struct method *method);
/** typeids.c: the typeids of a service, after its methods. */
void model_read_typeids(struct model *model, struct service *service);
/** typeids.c: that the typeids of a file are unique among those it can see. */
void model_check_typeids(struct model *model, const struct file *file);
/** clashes.c: that the C names of a file and all it imports differ. */
void model_check_names(struct model *model, const struct file *file);

/* ---- For the checks and the printers ---- */

/** All files that `file` sees, itself first: NULL at the end. `all`: imports of imports too, and
 *  else only the public ones. */
const struct file **model_visible(struct model *model, const struct file *file, bool all);
/** Where an element of the file stands. */
struct position model_position(const struct file *file, const struct path *path);
/** "package.name", or "name" without a package. */
const char *model_full_name(struct model *model, const char *package, const char *name);
/** A string of a descriptor, "" if it is absent. */
const char *model_string(const char *string);

#endif
