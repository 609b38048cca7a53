/* The options of a .proto that the generator reads. protobuf-c leaves extensions unparsed; these
 * unpack them. NULL if a message cannot be read. Free with protobuf_c_message_free_unpacked. */
#ifndef PROXYGEN_OPTIONS_H
#define PROXYGEN_OPTIONS_H

#include <google/protobuf/descriptor.pb-c.h>

#include "proxygen/options_wire.pb-c.h"

/* options may be NULL: nothing is set then. */
Proxygen__FileOptions *options_of_file(const Google__Protobuf__FileOptions *options);
Proxygen__MessageOptions *options_of_message(const Google__Protobuf__MessageOptions *options);
Proxygen__ServiceOptions *options_of_service(const Google__Protobuf__ServiceOptions *options);
Proxygen__MethodOptions *options_of_method(const Google__Protobuf__MethodOptions *options);

#endif
