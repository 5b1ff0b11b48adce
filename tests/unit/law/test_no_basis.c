/* Items without a basis in law: for each row texts that must be refused, and texts beside it that
 * must not be. A row or a word without a test here is a word that nobody has thought about. */
#include "law/law_internal.h"
#include "law_test.h"

#define ORG    XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_ORGANISATION
#define TRADER XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_SOLE_TRADER
#define PERSON XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_PERSON
#define NOBODY XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_UNSPECIFIED

#define PETITION "no-basis.lawful-petition"
#define SORTING  "no-basis.waste-sorting"
#define WALKING  "no-basis.jaywalking"
#define BLOOD    "no-basis.blood-donation"
#define FEE      "no-basis.property-fee"
#define JOB      "no-basis.job-hopping"
#define MOVING   "no-basis.demolition"

static const struct {
    const char *item; /* NULL: must be admitted */
    Xinqiao__V1__SubjectClass class;
    const char *text;
    const char *basis; /* of the penalty */
} row[] = {
    {PETITION, PERSON, "信访", NULL},
    {PETITION, PERSON, "合法信访", NULL},
    {PETITION, PERSON, "依法信访", NULL},
    {PETITION, PERSON, "越级上访", NULL},
    {PETITION, PERSON, "多次进京上访", NULL},
    {PETITION, PERSON, "重复信访行为", NULL},
    {PETITION, PERSON, "缠访", NULL},
    {PETITION, ORG, "组织职工信访", NULL},
    {PETITION, NOBODY, "信访", NULL},
    {NULL, PERSON, "扰乱信访工作场所秩序", "治安管理处罚法第二十三条"},
    {NULL, PERSON, "以上访为名寻衅滋事", "治安管理处罚法第二十六条"},
    {NULL, PERSON, "携带危险物质进京上访", "治安管理处罚法第三十条"},
    {NULL, ORG, "擅自损毁信访局办公设施", NULL},
    {NULL, ORG, "信访举报反映的超标排放水污染物", "水污染防治法第八十三条"},
    {NULL, ORG, "信访投诉件：虚假宣传", "广告法第五十五条"},

    {SORTING, PERSON, "垃圾分类", NULL},
    {SORTING, PERSON, "未按规定分类投放生活垃圾", NULL},
    {SORTING, PERSON, "居民家庭垃圾混投", NULL},
    {SORTING, PERSON, "未进行垃圾分类", "固体废物污染环境防治法第一百一十一条"},
    {SORTING, ORG, "未进行垃圾分类", NULL},
    {SORTING, ORG, "未进行垃圾分类", "《某市文明行为促进规定》"},
    {SORTING, TRADER, "垃圾未分类", NULL},
    {NULL, ORG, "未按规定分类投放生活垃圾",
     "《中华人民共和国固体废物污染环境防治法》第一百一十一条"},
    {NULL, ORG, "擅自倾倒、堆放工业固体废物", "固体废物污染环境防治法第一百零二条"},
    {NULL, ORG, "非法倾倒生活垃圾", "固体废物污染环境防治法第一百一十一条"},
    {NULL, PERSON, "随意倾倒建筑垃圾", "固体废物污染环境防治法第一百一十一条"},
    {NULL, ORG, "未按照国家环境保护标准分类贮存危险废物", NULL},
    {NULL, ORG, "药品分类存放不符合要求", NULL},

    {WALKING, PERSON, "闯红灯", NULL},
    {WALKING, PERSON, "行人闯红灯", NULL},
    {WALKING, PERSON, "乱穿马路", NULL},
    {WALKING, PERSON, "行人不走人行横道", NULL},
    {WALKING, PERSON, "横穿马路", NULL},
    {WALKING, PERSON, "非机动车闯红灯", NULL},
    {WALKING, PERSON, "翻越隔离护栏", NULL},
    {WALKING, ORG, "员工闯红灯", NULL},
    {NULL, PERSON, "驾驶机动车闯红灯", "道路交通安全法第九十条"},
    {NULL, ORG, "营运车辆多次闯红灯未落实安全生产主体责任", "安全生产法第一百零一条"},
    {NULL, ORG, "擅自挖掘道路横穿马路敷设管线", "公路法第七十六条"},
    {NULL, ORG, "机动车违反道路交通信号灯通行", NULL},

    {BLOOD, PERSON, "未参加无偿献血", NULL},
    {BLOOD, PERSON, "拒绝献血", NULL},
    {NULL, ORG, "非法采集血液", "献血法第十八条"},
    {NULL, ORG, "非法组织他人出卖血液", "献血法第十八条"},

    {FEE, PERSON, "拖欠物业费", NULL},
    {FEE, ORG, "欠缴物业服务费", NULL},
    {NULL, ORG, "物业企业挪用专项维修资金", "物业管理条例第六十条"},
    {NULL, ORG, "未公示物业服务收费标准", "价格法第四十二条"},

    {JOB, PERSON, "频繁跳槽", NULL},
    {JOB, PERSON, "恶意跳槽", NULL},
    {NULL, ORG, "扣押劳动者身份证件", "劳动合同法第八十四条"},
    {NULL, PERSON, "违反竞业限制侵犯商业秘密", "反不正当竞争法第二十一条"},

    {MOVING, PERSON, "不配合拆迁", NULL},
    {MOVING, PERSON, "拒不签订征收补偿协议", NULL},
    {NULL, ORG, "拒不拆除违法建筑", "城乡规划法第六十四条"},
    {NULL, ORG, "违建不配合拆迁", "城乡规划法第六十四条"},

    {NULL, ORG, "生产不符合食品安全标准的食品", "食品安全法第一百二十四条"},
    {NULL, ORG, "", NULL},
};

static const struct gw_problem *admit(gw_record *r, enum gw_status want)
{
    struct gw_report *report = gw_arena_new_of(arena, struct gw_report);
    const struct gw_law_row *basis = NULL;
    gw_report_init(report, arena);
    enum gw_status st = gw_law_admit(law, r, day_us(2026, 10, 1), report, &basis);
    if (st != want)
        return NULL;
    assert_int_equal(st == GW_OK, basis != NULL);
    assert_int_equal(st == GW_OK, !gw_report_has_errors(report));
    if (st == GW_OK) {
        static const struct gw_problem none;
        assert_string_equal(basis->id, "national-catalogue-2025.penalty");
        return &none;
    }
    return gw_report_first_error(report);
}

/* INVARIANTS L2, L3, L4 */
static void test_bite_and_no_over_reach(void **state)
{
    (void)state;
    static const char *const path[] = {"penalty.violation_kind", "penalty.case_name"};
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        for (size_t f = 0; f < GW_ARRAY_LEN(path); f++) {
            gw_record *r = law_penalty(row[i].class);
            law_text(r, path[f], row[i].text);
            if (row[i].basis != NULL)
                law_text(r, "penalty.basis", row[i].basis);
            const struct gw_problem *p = admit(r, row[i].item != NULL ? GW_DENIED : GW_OK);
            if (p == NULL)
                fail_msg("%s: must be %s", row[i].text,
                         row[i].item != NULL ? row[i].item : "admitted");
            if (row[i].item == NULL)
                continue;
            assert_string_equal(p->reason->code, "law-no-basis");
            assert_string_equal(p->field, path[f]);
            assert_string_equal(p->params[0].name, "item");
            assert_string_equal(p->params[0].value, row[i].item);
        }
    }
}

/* The answer says which basis is missing, in both languages. */
static void test_cites_the_missing_basis(void **state)
{
    (void)state;
    gw_record *r = law_penalty(PERSON);
    law_text(r, "penalty.violation_kind", "信访");
    const struct gw_problem *p = admit(r, GW_DENIED);
    assert_non_null(p);
    static const char *const lang[] = {"zh", "en"};
    for (size_t i = 0; i < GW_ARRAY_LEN(lang); i++) {
        struct gw_buf b;
        gw_buf_init(&b, 4096);
        gw_problem_text(p, lang[i], &b);
        gw_buf_u8(&b, 0);
        assert_non_null(strstr((char *)b.ptr, PETITION));
        assert_non_null(strstr((char *)b.ptr, "国办发〔2020〕49号"));
        gw_buf_fini(&b);
    }
}

/* Only adverse information is meant: a permit is none. And only the named fields are looked at. */
static void test_permits_and_other_fields(void **state)
{
    (void)state;
    gw_record *r = gw_canon_record_new(arena);
    r->kind = XINQIAO__V1__KIND__KIND_PERMIT;
    law_text(r, "permit.content", "生活垃圾分类收集、运输许可；信访");
    struct gw_report report;
    const struct gw_law_row *basis = NULL;
    gw_report_init(&report, arena);
    assert_int_equal(gw_law_admit(law, r, day_us(2026, 10, 1), &report, &basis), GW_OK);
    assert_string_equal(basis->id, "national-catalogue-2025.permit");

    r = law_penalty(ORG);
    law_text(r, "subject.name", "绍兴市垃圾分类服务有限公司");
    law_text(r, "authority.name", "绍兴市信访局");
    law_text(r, "penalty.facts", "经信访，查明未垃圾分类");
    assert_non_null(admit(r, GW_OK));
}

/* Each row of the shipped table bites in the list above. */
static void test_every_row_is_tested(void **state)
{
    (void)state;
    for (size_t f = 0; f < law->refusal_count; f++) {
        size_t bites = 0;
        for (size_t i = 0; i < GW_ARRAY_LEN(row); i++)
            bites += row[i].item != NULL && strcmp(row[i].item, law->refusal[f].id) == 0 ? 1 : 0;
        if (bites == 0)
            fail_msg("%s has no test", law->refusal[f].id);
    }
}

/* Each word of the shipped table is recognised, alone, for a subject of its group
 * (INVARIANTS L3). */
static void test_every_word_bites(void **state)
{
    (void)state;
    for (size_t f = 0; f < law->refusal_count; f++) {
        for (size_t g = 0; g < law->refusal[f].group_count; g++) {
            const struct gw_law_group *group = &law->refusal[f].group[g];
            for (size_t w = 0; w < group->any.count; w++) {
                struct gw_arena_mark mark = gw_arena_mark(arena);
                gw_record *r =
                    law_penalty((group->classes & GW_LAW_CLASS(PERSON)) != 0 ? PERSON : ORG);
                law_text(r, "penalty.violation_kind", group->any.items[w]);
                const struct gw_problem *p = admit(r, GW_DENIED);
                if (p == NULL)
                    fail_msg("%s: \"%s\" does not bite", law->refusal[f].id, group->any.items[w]);
                gw_arena_rewind(arena, mark);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bite_and_no_over_reach),
        cmocka_unit_test(test_cites_the_missing_basis),
        cmocka_unit_test(test_permits_and_other_fields),
        cmocka_unit_test(test_every_row_is_tested),
        cmocka_unit_test(test_every_word_bites),
    };
    return cmocka_run_group_tests(tests, law_group_setup, law_group_teardown);
}
