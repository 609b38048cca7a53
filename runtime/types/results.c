#include "types/results.h"

int waldo__take_truth(int status, Google__Protobuf__BoolValue *message)
{
    if (status < 0)
        return status;
    int truth = message->value ? 1 : 0;
    google__protobuf__bool_value__free_unpacked(message, NULL);
    return truth;
}

int waldo__take_size(int status, Google__Protobuf__UInt64Value *message, size_t *ret_size)
{
    if (status < 0)
        return status;
    *ret_size = (size_t)message->value;
    google__protobuf__uint64_value__free_unpacked(message, NULL);
    return 0;
}
