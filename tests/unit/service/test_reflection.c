/* Reflection over the embedded descriptor set. */
#include "google/protobuf/descriptor.pb-c.h"
#include "grpc/reflection/v1/reflection.pb-c.h"
#include "service/service_test.h"

extern const unsigned char gw_proto_fds[];
extern const size_t gw_proto_fds_size;

#define ASK(x) GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_##x
#define GOT(x) GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_##x

static int setup(void **state)
{
    static const char *const names[] = {"xinqiao.v1.RecordExchange", "grpc.health.v1.Health", NULL};
    if (world_setup(state) != 0)
        return 1;
    world.views.service_names = names;
    world.views.descriptor_set = gw_proto_fds;
    world.views.descriptor_set_size = gw_proto_fds_size;
    return 0;
}

static const Grpc__Reflection__V1__ServerReflectionResponse *
ask(struct gw_adapter_call *c, Grpc__Reflection__V1__ServerReflectionRequest *m)
{
    const ProtobufCMessage *list[] = {&m->base};
    call_begin(c, "reflection", "ServerReflectionInfo", "anybody");
    m->host = gw_service_str("h");
    assert_int_equal(call_segment(c, list, 1, true), GW_OK);
    assert_string_equal(c->finished, "ok");
    assert_int_equal(c->sent_count, 1);
    const Grpc__Reflection__V1__ServerReflectionResponse *r =
        (const Grpc__Reflection__V1__ServerReflectionResponse *)c->sent[0];
    assert_string_equal(r->valid_host, "h");
    assert_non_null(r->original_request);
    return r;
}

static void test_services(void **state)
{
    (void)state;
    struct gw_adapter_call c;
    Grpc__Reflection__V1__ServerReflectionRequest m =
        GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__INIT;
    m.message_request_case = ASK(LIST_SERVICES);
    m.list_services = gw_service_str("");
    const Grpc__Reflection__V1__ServerReflectionResponse *r = ask(&c, &m);
    assert_int_equal(r->message_response_case, GOT(LIST_SERVICES_RESPONSE));
    assert_int_equal(r->list_services_response->n_service, 2);
    assert_string_equal(r->list_services_response->service[0]->name, "xinqiao.v1.RecordExchange");
    call_end(&c);
}

static void finds(const char *symbol, const char *file)
{
    struct gw_adapter_call c;
    Grpc__Reflection__V1__ServerReflectionRequest m =
        GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__INIT;
    m.message_request_case = ASK(FILE_CONTAINING_SYMBOL);
    m.file_containing_symbol = gw_service_str(symbol);
    const Grpc__Reflection__V1__ServerReflectionResponse *r = ask(&c, &m);
    if (file == NULL) {
        assert_int_equal(r->message_response_case, GOT(ERROR_RESPONSE));
        assert_int_equal(r->error_response->error_code, 5);
        call_end(&c);
        return;
    }
    assert_int_equal(r->message_response_case, GOT(FILE_DESCRIPTOR_RESPONSE));
    assert_int_equal(r->file_descriptor_response->n_file_descriptor_proto, 1);
    ProtobufCBinaryData b = r->file_descriptor_response->file_descriptor_proto[0];
    Google__Protobuf__FileDescriptorProto *d =
        google__protobuf__file_descriptor_proto__unpack(NULL, b.len, b.data);
    assert_non_null(d);
    assert_string_equal(d->name, file);
    google__protobuf__file_descriptor_proto__free_unpacked(d, NULL);
    call_end(&c);
}

static void test_symbols(void **state)
{
    (void)state;
    finds("xinqiao.v1.RecordExchange", "xinqiao/v1/exchange.proto");
    finds("xinqiao.v1.RecordExchange.Push", "xinqiao/v1/exchange.proto");
    finds("xinqiao.v1.Finding.Type", "xinqiao/v1/exchange.proto");
    finds("xinqiao.v1.Record", "xinqiao/v1/record.proto");
    finds("xinqiao.v1.Kind", "xinqiao/v1/record.proto");
    finds("google.protobuf.Timestamp", "google/protobuf/timestamp.proto");
    finds("grpc.health.v1.Health", "grpc/health/v1/health.proto");
    finds("xinqiao.v1.Nothing", NULL);
    finds("", NULL);
}

static void test_files(void **state)
{
    (void)state;
    struct gw_adapter_call c;
    Grpc__Reflection__V1__ServerReflectionRequest m =
        GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__INIT;
    m.message_request_case = ASK(FILE_BY_FILENAME);
    m.file_by_filename = gw_service_str("google/protobuf/timestamp.proto");
    assert_int_equal(ask(&c, &m)->message_response_case, GOT(FILE_DESCRIPTOR_RESPONSE));
    call_end(&c);
    m.message_request_case = ASK(ALL_EXTENSION_NUMBERS_OF_TYPE);
    m.all_extension_numbers_of_type = gw_service_str("xinqiao.v1.Record");
    assert_int_equal(ask(&c, &m)->message_response_case, GOT(ERROR_RESPONSE));
    call_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_services),
        cmocka_unit_test(test_symbols),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, setup, world_teardown);
}
