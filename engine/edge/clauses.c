#include "edge/clauses.h"

#include <stdlib.h>
#include <string.h>

#include "base/arrays.h"

bool clauses_make(struct clauses *clauses, int most) {
  *clauses = (struct clauses){array_make((size_t)most, sizeof *clauses->items), 0, most};
  return clauses->items != NULL;
}

void clause_clear(struct clause *clause) {
  for (int i = 0; i < clause->n; ++i) {
    free(clause->words[i].name);
    free(clause->words[i].text);
    free(clause->words[i].where);
  }
  memset(clause->words, 0, sizeof clause->words);
  clause->n = 0;
}

static void forget(struct clause *clause) {
  clause_clear(clause);
  free(clause->where);
  free(clause->provenance.source);
  free(clause->provenance.confidence);
  *clause = (struct clause){0};
}

void clauses_free(struct clauses *clauses) {
  if (clauses->items != NULL) {
    clauses_drop(clauses, NULL, NULL);
  }
  array_free(clauses->items);
  *clauses = (struct clauses){0};
}

static bool replace(char **text, const char *with) {
  char *copy = with != NULL ? strdup(with) : NULL;
  if (with != NULL && copy == NULL) {
    return false;
  }
  free(*text);
  *text = copy;
  return true;
}

struct clause *clauses_add(struct clauses *clauses, const char *where) {
  if (clauses->n == clauses->most || !replace(&clauses->items[clauses->n].where, where)) {
    return NULL;
  }
  return &clauses->items[clauses->n++];
}

/* Is `text` one of the lines of the word? */
static bool says(const struct clause *clause, const char *name, const char *text) {
  const struct word *word = clause_word(clause, name);
  const size_t length = strlen(text);
  for (const char *line = word != NULL ? word->text : ""; *line != '\0';) {
    const size_t end = strcspn(line, "\n");
    if (end == length && strncmp(line, text, length) == 0) {
      return true;
    }
    line += end + (line[end] == '\n');
  }
  return false;
}

void clauses_drop(struct clauses *clauses, const char *word, const char *text) {
  int kept = 0;
  for (int i = 0; i < clauses->n; ++i) {
    if (word == NULL || says(&clauses->items[i], word, text)) {
      forget(&clauses->items[i]);
    } else {
      const struct clause moved = clauses->items[i];
      clauses->items[i] = (struct clause){0};
      clauses->items[kept++] = moved;
    }
  }
  clauses->n = kept;
}

struct clause *clauses_find(const struct clauses *clauses, const char *word, const char *text) {
  for (int i = 0; i < clauses->n; ++i) {
    if (says(&clauses->items[i], word, text)) {
      return &clauses->items[i];
    }
  }
  return NULL;
}

const struct word *clause_word(const struct clause *clause, const char *name) {
  for (int i = 0; i < clause->n; ++i) {
    if (strcmp(clause->words[i].name, name) == 0) {
      return &clause->words[i];
    }
  }
  return NULL;
}

bool clause_say(struct clause *clause, const char *name, const char *text, const char *where) {
  struct word *word = NULL;
  for (int i = 0; i < clause->n; ++i) {
    word = strcmp(clause->words[i].name, name) == 0 ? &clause->words[i] : word;
  }
  if (word == NULL && clause->n < MAX_WORDS) {
    word = &clause->words[clause->n];
    if (!replace(&word->name, name)) {
      return false;
    }
    ++clause->n;
  }
  return word == NULL || (replace(&word->text, text) && replace(&word->where, where));
}

bool clause_state(struct clause *clause, const char *source, const char *confidence) {
  return replace(&clause->provenance.source, source) &&
         replace(&clause->provenance.confidence, confidence);
}
