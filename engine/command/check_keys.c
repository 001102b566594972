#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "command/check_parts.h"
#include "edge/json.h"
#include "edge/laws.h"

static const char *name_unit(const struct key *key) {
  switch (key->kind) {
    case KIND_COUNT: return "whole number";
    case KIND_FLAG: return "true or false";
    case KIND_TEXT: return "text";
    case KIND_DATE: return "date";
    case KIND_CHOICE: return "";
    case KIND_NUMBER: return "1";
    default: return units_canonical(key->kind);
  }
}

static const char *name_shape(enum shape shape) {
  static const char *const names[] = {"", "by regime", "by year", "3 x 3", "5 x 5"};
  return names[shape];
}

static bool has_range(const struct key *key) {
  return key->kind != KIND_TEXT && key->kind != KIND_DATE && key->kind != KIND_FLAG &&
         key->kind != KIND_CHOICE;
}

static void name_range(const struct key *key, char *range, size_t size) {
  char high[40];
  range[0] = '\0';
  if (has_range(key)) {
    schema_high(key, high, sizeof high);
    snprintf(range, size, "%s%.15g, %s%s", key->range == RANGE_CLOSED ? "[" : "(", key->low,
             high, key->range == RANGE_OPEN ? ")" : "]");
  }
}

void check_print_keys(void) {
  puts("| key | unit | values | range | default | meaning |\n|---|---|---|---|---|---|");
  for (int i = 0; i < schema_size; ++i) {
    const struct key *key = &schema[i];
    char name[128], range[96], choices[256] = "";
    schema_name(key, name, sizeof name);
    name_range(key, range, sizeof range);
    if (key->choices != NULL) {
      schema_choices(key->choices, choices, sizeof choices);
    }
    printf("| `%s` | %s%s | %s | %s | %s | %s |\n", name, choices, name_unit(key),
           name_shape(key->shape), range, key->standard != NULL ? key->standard : "", key->doc);
  }
}

/* ---- JSON Schema */

static void put_member(const char *name, const char *text) {
  json_text(stdout, name);
  fputs(": ", stdout);
  json_text(stdout, text);
}

/* What a scalar of a key must look like: a definition that all keys of its kind share. */
static const char *name_definition(const struct key *key) {
  switch (key->kind) {
    case KIND_COUNT: return "count";
    case KIND_FLAG: return "flag";
    case KIND_TEXT: return "text";
    case KIND_DATE: return "date";
    case KIND_NUMBER: return "number";
    default: return "quantity";
  }
}

static void put_scalar(const struct key *key) {
  if (key->kind == KIND_CHOICE) {
    fputs("{\"enum\": [", stdout);
    for (const char *c = key->choices; *c != '\0';) {
      char word[MAX_NAME];
      const size_t length = strcspn(c, "|");
      snprintf(word, sizeof word, "%.*s", (int)length, c);
      json_text(stdout, word);
      c += length + (c[length] == '|');
      fputs(*c != '\0' ? ", " : "", stdout);
    }
    fputs("]}", stdout);
  } else if (has_range(key) && (key->kind == KIND_NUMBER || key->kind == KIND_COUNT)) {
    printf("{\"$ref\": \"#/$defs/%s\", \"%s\": ", name_definition(key),
           key->range == RANGE_CLOSED ? "minimum" : "exclusiveMinimum");
    json_number(stdout, key->low);
    if (key->high < 1e30) {
      printf(", \"%s\": ", key->range == RANGE_OPEN ? "exclusiveMaximum" : "maximum");
      json_number(stdout, key->high);
    }
    fputs("}", stdout);
  } else {
    printf("{\"$ref\": \"#/$defs/%s\"}", name_definition(key));
  }
}

/* A value as it may stand alone, or in a mapping beside its source. */
static void put_value(const struct key *key) {
  if (key->shape == SHAPE_ONE) {
    put_scalar(key);
    return;
  }
  fputs(
      "{\"anyOf\": [{\"$ref\": \"#/$defs/numbers\"}, {\"type\": \"array\", \"items\": "
      "{\"$ref\": \"#/$defs/numbers\"}",
      stdout);
  printf(", \"maxItems\": %zu}]}", schema_values(key->shape));
}

static void put_key(const struct key *key) {
  char range[96], doc[400];
  name_range(key, range, sizeof range);
  snprintf(doc, sizeof doc, "%s%s%s%s%s%s%s", key->doc, name_unit(key)[0] != '\0' ? " (" : "",
           name_unit(key), range[0] != '\0' ? ", " : "", range,
           name_unit(key)[0] != '\0' ? ")" : "",
           key->shape != SHAPE_ONE ? "; several values" : "");
  json_text(stdout, key->name);
  fputs(": {", stdout);
  put_member("description", doc);
  if (key->standard != NULL) {
    fputs(", ", stdout);
    put_member("default", key->standard);
  }
  fputs(", \"anyOf\": [", stdout);
  put_value(key);
  fputs(
      ", {\"type\": \"object\", \"required\": [\"value\"], \"additionalProperties\": false, "
      "\"properties\": {\"value\": ",
      stdout);
  put_value(key);
  fputs(
      ", \"source\": {\"$ref\": \"#/$defs/source\"}, \"confidence\": {\"$ref\": "
      "\"#/$defs/confidence\"}}}]}",
      stdout);
}

static void open_object(void) {
  fputs(
      "{\"type\": \"object\", \"additionalProperties\": false, \"properties\": {\n"
      "   \"source\": {\"$ref\": \"#/$defs/source\"}, \"confidence\": {\"$ref\": "
      "\"#/$defs/confidence\"}",
      stdout);
}

/* The keys of a section, or of an item of a list. */
static void put_keys(enum group group, const char *section) {
  open_object();
  for (int i = 0; i < schema_size; ++i) {
    if (schema[i].group == group &&
        (group != GROUP_SECTION || strcmp(schema[i].section, section) == 0)) {
      fputs(",\n   ", stdout);
      put_key(&schema[i]);
    }
  }
  if (group == GROUP_CUSTOMER) {
    fputs(",\n   \"tranches\": {\"$ref\": \"#/$defs/tranches\"}", stdout);
  }
  fputs("}}", stdout);
}

/* A list of items, or changes to one: by name, `none`, and `add`. */
static void put_list(const struct list *list) {
  printf("  \"%s_item\": ", list->label);
  put_keys(list->group, list->name);
  printf(
      ",\n  \"%s\": {\"anyOf\": [{\"type\": \"array\", \"maxItems\": %" PRId64
      ", \"items\": {\"$ref\": \"#/$defs/%s_item\"}}, {\"type\": \"object\", "
      "\"properties\": {\"add\": {\"type\": \"array\", \"items\": {\"$ref\": "
      "\"#/$defs/%s_item\"}}, \"source\": {\"$ref\": \"#/$defs/source\"}, \"confidence\": "
      "{\"$ref\": \"#/$defs/confidence\"}}, \"additionalProperties\": {\"anyOf\": [{\"const\": "
      "\"none\"}, {\"$ref\": \"#/$defs/%s_item\"}]}}]}",
      list->name, list->most, list->label, list->label, list->label);
}

/* Has one of the first `n` laws a parameter of that name? */
static bool is_parameter(int n, const char *word) {
  for (int i = 0; i < n; ++i) {
    for (int p = 0; p < law_forms[i].n; ++p) {
      if (strcmp(law_forms[i].parameters[p].name, word) == 0) {
        return true;
      }
    }
  }
  return false;
}

static void put_laws(void) {
  fputs(
      "  \"law\": {\"type\": \"object\", \"additionalProperties\": false, \"properties\": {"
      "\"key\": {\"type\": \"string\"}, \"scale\": {\"type\": \"boolean\"}, \"law\": "
      "{\"enum\": [",
      stdout);
  for (int i = 0; i < N_LAWS; ++i) {
    fputs(i > 0 ? ", " : "", stdout);
    json_text(stdout, law_forms[i].name);
  }
  fputs("]}", stdout);
  for (int i = 0; i < N_LAWS; ++i) {
    for (int p = 0; p < law_forms[i].n; ++p) {
      const char *word = law_forms[i].parameters[p].name;
      if (!is_parameter(i, word)) {
        printf(", \"%s\": {\"type\": [\"number\", \"string\", \"array\"]}", word);
      }
    }
  }
  fputs(
      ", \"source\": {\"$ref\": \"#/$defs/source\"}, \"confidence\": {\"$ref\": "
      "\"#/$defs/confidence\"}}}",
      stdout);
}

static void put_definitions(void) {
  fputs(
      " \"$defs\": {\n"
      "  \"source\": {\"type\": \"string\", \"minLength\": 1},\n"
      "  \"confidence\": {\"enum\": [\"fact\", \"derived\", \"assumed\"]},\n"
      "  \"flag\": {\"type\": \"boolean\"},\n"
      "  \"text\": {\"type\": \"string\", \"minLength\": 1},\n"
      "  \"date\": {\"type\": \"string\", \"pattern\": \"^[0-9]{4}-[0-9]{2}-[0-9]{2}$\"},\n"
      "  \"count\": {\"type\": [\"integer\", \"number\", \"string\"], \"pattern\": "
      "\"^[0-9][0-9_.eE+]*$\"},\n"
      "  \"number\": {\"type\": [\"number\", \"string\"], \"pattern\": "
      "\"^(unlimited|[-+.0-9][-+.0-9eE_]*( ?%)?)$\"},\n"
      "  \"numbers\": {\"type\": [\"number\", \"string\"]},\n"
      "  \"quantity\": {\"type\": \"string\", \"pattern\": "
      "\"^(unlimited|[-+.0-9].*[A-Za-z%)].*)$\"},\n",
      stdout);
  put_laws();
  for (int group = GROUP_TRANCHE; group > GROUP_SECTION; --group) {
    fputs(",\n", stdout);
    put_list(&schema_lists[group]);
  }
  fputs("\n },\n", stdout);
}

static void put_table(void) {
  fputs(" \"x-keys\": [", stdout);
  for (int i = 0; i < schema_size; ++i) {
    const struct key *key = &schema[i];
    char name[128], range[96];
    schema_name(key, name, sizeof name);
    name_range(key, range, sizeof range);
    fputs(i > 0 ? ",\n  {" : "\n  {", stdout);
    put_member("key", name);
    fputs(", ", stdout);
    put_member("unit", name_unit(key));
    fputs(", ", stdout);
    put_member("values", name_shape(key->shape));
    fputs(", ", stdout);
    put_member("range", range);
    fputs(", ", stdout);
    put_member("choices", key->choices != NULL ? key->choices : "");
    fputs(", \"default\": ", stdout);
    if (key->standard != NULL) {
      json_text(stdout, key->standard);
    } else {
      fputs("null", stdout);
    }
    fputs(", ", stdout);
    put_member("doc", key->doc);
    fputs("}", stdout);
  }
  fputs("\n ]\n}\n", stdout);
}

void check_print_schema(void) {
  fputs(
      "{\"$schema\": \"https://json-schema.org/draft/2020-12/schema\", \"title\": \"a deck of "
      "tenor\", \"type\": \"object\", \"additionalProperties\": false,\n",
      stdout);
  put_definitions();
  fputs(
      " \"properties\": {\n  \"include\": {\"type\": \"string\", \"minLength\": 1},\n"
      "  \"uncertain\": {\"anyOf\": [{\"type\": \"array\", \"items\": {\"$ref\": "
      "\"#/$defs/law\"}}, {\"type\": \"object\"}]},\n"
      "  \"uncertain_correlation\": {\"type\": \"array\"}",
      stdout);
  const char *section = NULL;
  for (int i = 0; i < schema_size; ++i) {
    const struct key *key = &schema[i];
    if (key->group == GROUP_SECTION && key->section[0] == '\0') {
      fputs(",\n  ", stdout);
      put_key(key);
    } else if (key->group != GROUP_TRANCHE &&
               (section == NULL || strcmp(section, key->section) != 0)) {
      printf(",\n  \"%s\": ", key->section);
      if (key->group == GROUP_SECTION) {
        put_keys(GROUP_SECTION, key->section);
      } else {
        printf("{\"$ref\": \"#/$defs/%s\"}", key->section);
      }
    }
    section = key->group == GROUP_TRANCHE ? section : key->section;
  }
  fputs("\n },\n", stdout);
  put_table();
}
