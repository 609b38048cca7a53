/* An object whose fields are attributes. */
#include <stdlib.h>

#include "handlers.h"

#include "types.service.h"

static int share_create(void *type_data, waldo_call *call, void **ret_self)
{
    (void)type_data;
    Shop__Progress *progress = malloc(sizeof *progress);
    if (!progress)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a ShareData");
    shop__progress__init(progress);
    *ret_self = progress;
    return 0;
}

static int share_get(void *self, waldo_call *call, const Waldo__AttributeName *attribute,
                     Waldo__Value *result)
{
    return waldo_call_get_attribute(call, self, attribute, result);
}

static int share_set(void *self, waldo_call *call, const Waldo__Attribute *attribute)
{
    return waldo_call_set_attribute(call, self, attribute);
}

static void share_destroy(void *self)
{
    shop__progress__free_unpacked(self, NULL);
}

static const struct shop_share_data_ops share_data_ops = {
    .create = share_create,
    .__getattribute__ = share_get,
    .__setattr__ = share_set,
    .destroy = share_destroy,
};

int shop_register_share_data(waldo_registry *registry, waldo_error *reterr)
{
    return shop_share_data_register(registry, &share_data_ops, NULL, reterr);
}
