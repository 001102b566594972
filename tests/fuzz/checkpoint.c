/* The reader of checkpoints. The input is a checkpoint without its closing SHA-256, which is
   made here, so that changes reach the decoder. What is taken must pack to the same bytes. */
#include "edge/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "base/arrays.h"
#include "edge/digest.h"
#include "harness.h"

const char fuzz_target[] = "checkpoint";

static void pack_again(const struct owner *owner, const struct snapshot *snapshot) {
  static struct snapshot again;
  struct owner who;
  void *bytes = NULL, *twice = NULL;
  size_t size = 0, more = 0;
  FUZZ_CLAIM(snapshot_pack(owner, snapshot, &bytes, &size) == STATUS_OK);
  FUZZ_CLAIM(snapshot_unpack(bytes, size, &who, &again) == STATUS_OK);
  FUZZ_CLAIM(snapshot_pack(&who, &again, &twice, &more) == STATUS_OK);
  FUZZ_CLAIM(size == more && memcmp(bytes, twice, size) == 0);
  snapshot_free(&again);
  array_free(bytes);
  array_free(twice);
}

/* Shown, and offered to a run that would go on with it. */
static void use(const char *path, const struct snapshot *own) {
  static struct snapshot found;
  struct checkpoint checkpoint;
  bool has = false;
  (void)checkpoint_is(path);
  (void)checkpoint_show(path, false);
  (void)checkpoint_show(path, true);
  memset(&found, 0, sizeof found);
  const enum status status = checkpoint_open(&checkpoint, path, own, true, false, &found, &has);
  FUZZ_CLAIM(status == STATUS_OK || status == STATUS_MISMATCH || status == STATUS_FAILED);
  FUZZ_CLAIM(status == STATUS_OK || fuzz_heard() > 0);
  snapshot_free(&found);
  checkpoint_close(&checkpoint);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct snapshot snapshot, own;
  static char resolved[] = "name: small\n";
  struct owner owner;
  char *bytes = malloc(size + DIGEST_TEXT);
  FUZZ_CLAIM(bytes != NULL);
  if (size > 0) {
    memcpy(bytes, data, size);
  }
  digest_hex(bytes, size, bytes + size);
  fuzz_listen();
  const enum status status = snapshot_unpack(bytes, size + DIGEST_TEXT, &owner, &snapshot);
  FUZZ_CLAIM(status == STATUS_OK || status == STATUS_MISMATCH || status == STATUS_FAILED);
  FUZZ_CLAIM(fuzz_heard() == 0);
  if (status == STATUS_OK) {
    pack_again(&owner, &snapshot);
  }
  snapshot_free(&snapshot);
  own = (struct snapshot){.range = {0, 4096}};
  own.saved.n_decks = 1;
  own.saved.resolved[0] = resolved;
  own.saved.sampling = (struct sampling){.seed = 7, .points = 1024};
  strcpy(own.saved.name[0], "small");
  use(fuzz_file("run.ckpt", bytes, size + DIGEST_TEXT), &own);
  (void)fuzz_heard();
  free(bytes);
  return 0;
}
