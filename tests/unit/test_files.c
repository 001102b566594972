/* Files that appear whole or not at all, SHA-256 against its published answers, and JSON. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "edge/digest.h"
#include "edge/files.h"
#include "edge/json.h"
#include "math/lane.h"
#include "random/philox.h"

/* ---- write() and fsync() in the place of the library's, which can be made to misbehave */

static size_t longest_write = SIZE_MAX; /* bytes that one call takes */
static int interruptions = 0;           /* calls that a signal interrupts first */
static int syncs_until_failure = 0;     /* 1: the next call of fsync fails, ...; 0: none */
static int sync_reason = 0;             /* its errno */

ssize_t write(int file, const void *bytes, size_t size) {
  if (interruptions > 0) {
    --interruptions;
    errno = EINTR;
    return -1;
  }
  void *start;
  memcpy(&start, &bytes, sizeof start); /* a part is only read by writev, but not const */
  const struct iovec part = {start, size < longest_write ? size : longest_write};
  return writev(file, &part, 1);
}

int fsync(int file) {
  if (syncs_until_failure > 0 && --syncs_until_failure == 0) {
    errno = sync_reason;
    return -1;
  }
  return fdatasync(file);
}

/* ---- a folder of our own for each test */

static char folder[PATH_MAX];
static char path[3 * PATH_MAX]; /* of the last call of at() */

static const char *at(const char *name) {
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

static int make_folder(void **state) {
  (void)state;
  const char *base = getenv("TMPDIR");
  snprintf(folder, sizeof folder, "%s/test_files.XXXXXX", base != NULL ? base : "/tmp");
  return mkdtemp(folder) != NULL ? 0 : -1;
}

/* Calls `visit` (or nothing) for each entry of the folder; their number. */
static int each_entry(int (*visit)(const char *)) {
  DIR *entries = opendir(folder);
  int n = 0;
  const struct dirent *entry;
  while (entries != NULL && (entry = readdir(entries)) != NULL) {
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
      ++n;
      if (visit != NULL && visit(at(entry->d_name)) != 0) {
        perror(path);
      }
    }
  }
  if (entries != NULL) {
    closedir(entries);
  }
  return n;
}

static int remove_folder(void **state) {
  (void)state;
  each_entry(remove);
  return rmdir(folder);
}

static int count_entries(void) {
  return each_entry(NULL);
}

/* Checks that the file holds exactly these bytes. */
static void check_content(const char *name, const void *wanted, size_t size) {
  FILE *file = fopen(at(name), "rb");
  assert_non_null(file);
  char *bytes = malloc(size + 1);
  assert_non_null(bytes);
  assert_int_equal(fread(bytes, 1, size + 1, file), size);
  assert_memory_equal(bytes, wanted, size);
  free(bytes);
  fclose(file);
}

static int count_descriptors(void) {
  int n = 0;
  for (int handle = 0; handle < 256; ++handle) {
    n += fcntl(handle, F_GETFD) != -1;
  }
  return n;
}

/* ---- writing */

static void a_new_file_holds_what_was_written(void **state) {
  (void)state;
  char bytes[100000];
  for (size_t i = 0; i < sizeof bytes; ++i) {
    bytes[i] = (char)(i * i % 251);
  }
  const int before = count_descriptors();
  assert_int_equal(files_write(at("new"), true, bytes, sizeof bytes), STATUS_OK);
  check_content("new", bytes, sizeof bytes);
  assert_int_equal(files_write(at("empty"), true, "", 0), STATUS_OK);
  check_content("empty", "", 0);
  assert_int_equal(count_entries(), 2);
  assert_int_equal(count_descriptors(), before);
}

static void a_new_file_may_be_read_by_whom_the_user_lets(void **state) {
  (void)state;
  struct stat about;
  const mode_t before = umask(0027);
  const enum status status = files_write(at("result"), true, "x", 1);
  umask(before);
  assert_int_equal(status, STATUS_OK);
  assert_int_equal(stat(at("result"), &about), 0);
  assert_int_equal(about.st_mode & 0777, 0640);
}

static void short_and_interrupted_writes_are_taken_up_again(void **state) {
  (void)state;
  char bytes[1000];
  for (size_t i = 0; i < sizeof bytes; ++i) {
    bytes[i] = (char)(i % 127);
  }
  longest_write = 7;
  interruptions = 3;
  const enum status status = files_write(at("result"), true, bytes, sizeof bytes);
  longest_write = SIZE_MAX;
  assert_int_equal(interruptions, 0);
  assert_int_equal(status, STATUS_OK);
  check_content("result", bytes, sizeof bytes);
}

/* Writes "new" over "the old result" while the n-th fsync fails. */
static enum status write_with_failing_sync(int n, int reason) {
  assert_int_equal(files_write(at("result"), true, "the old result", 14), STATUS_OK);
  syncs_until_failure = n;
  sync_reason = reason;
  const enum status status = files_write(at("result"), true, "new", 3);
  assert_int_equal(syncs_until_failure, 0);
  assert_int_equal(count_entries(), 1);
  return status;
}

static void what_does_not_reach_the_disk_is_an_io_failure(void **state) {
  (void)state;
  const int before = count_descriptors();
  assert_int_equal(write_with_failing_sync(1, EIO), STATUS_IO);
  check_content("result", "the old result", 14);
  /* Of the folder: the new file is whole, but its name may not last. */
  assert_int_equal(write_with_failing_sync(2, EIO), STATUS_IO);
  assert_int_equal(count_descriptors(), before);
}

/* As on some network file systems. */
static void a_folder_that_knows_no_sync_is_good_enough(void **state) {
  (void)state;
  assert_int_equal(write_with_failing_sync(2, EINVAL), STATUS_OK);
  check_content("result", "new", 3);
}

static void an_existing_file_is_replaced_as_a_whole(void **state) {
  (void)state;
  assert_int_equal(files_write(at("result"), true, "a longer text than the next", 27),
                   STATUS_OK);
  FILE *old = fopen(at("result"), "rb"); /* who reads the old file keeps it */
  assert_non_null(old);
  assert_int_equal(files_write(at("result"), true, "short", 5), STATUS_OK);
  check_content("result", "short", 5);
  char text[40] = "";
  assert_int_equal(fread(text, 1, sizeof text, old), 27);
  assert_memory_equal(text, "a longer text than the next", 27);
  fclose(old);
  assert_int_equal(count_entries(), 1);
}

static void a_file_may_be_named_without_a_folder(void **state) {
  (void)state;
  char here[PATH_MAX];
  assert_non_null(getcwd(here, sizeof here));
  assert_int_equal(chdir(folder), 0);
  const enum status check = files_check("bare", false);
  const enum status write = files_write("bare", true, "x", 1);
  assert_int_equal(chdir(here), 0);
  assert_int_equal(check, STATUS_OK);
  assert_int_equal(write, STATUS_OK);
  check_content("bare", "x", 1);
}

static void a_missing_folder_is_an_io_failure(void **state) {
  (void)state;
  assert_int_equal(files_check(at("missing/result"), false), STATUS_IO);
  assert_int_equal(files_check(at("missing/result"), true), STATUS_IO);
  assert_int_equal(files_write(at("missing/result"), true, "x", 1), STATUS_IO);
  assert_int_equal(count_entries(), 0);
}

static void a_file_is_no_folder(void **state) {
  (void)state;
  assert_int_equal(files_write(at("file"), true, "x", 1), STATUS_OK);
  assert_int_equal(files_check(at("file/result"), false), STATUS_IO);
  assert_int_equal(files_write(at("file/result"), true, "x", 1), STATUS_IO);
  assert_int_equal(count_entries(), 1);
}

static void a_folder_is_not_overwritten(void **state) {
  (void)state;
  const int before = count_descriptors();
  assert_int_equal(mkdir(at("taken"), 0777), 0);
  assert_int_equal(files_check(at("taken"), true), STATUS_IO);
  assert_int_equal(files_write(at("taken"), true, "x", 1), STATUS_IO);
  assert_int_equal(count_entries(), 1); /* the temporary is gone */
  assert_int_equal(count_descriptors(), before);
}

static void an_existing_output_needs_force(void **state) {
  (void)state;
  assert_int_equal(files_check(at("result"), false), STATUS_OK);
  assert_int_equal(files_check(at("result"), true), STATUS_OK);
  assert_int_equal(files_write(at("result"), true, "x", 1), STATUS_OK);
  assert_int_equal(files_check(at("result"), false), STATUS_USAGE);
  assert_int_equal(files_check(at("result"), true), STATUS_OK);
  check_content("result", "x", 1);
}

static void a_path_too_long_is_an_io_failure(void **state) {
  (void)state;
  char name[PATH_MAX + 100], beside[PATH_MAX];
  memset(name, 'n', sizeof name - 1);
  name[sizeof name - 1] = '\0';
  assert_int_equal(files_check(name, false), STATUS_IO);
  assert_int_equal(files_beside(name, ".run.json", beside, sizeof beside), STATUS_IO);
  assert_int_equal(files_write(name, true, "x", 1), STATUS_IO);
  name[300] = '\0'; /* short enough for a path, too long for one name */
  assert_int_equal(files_write(at(name), true, "x", 1), STATUS_IO);
  assert_int_equal(count_entries(), 0);
}

/* Before anything is computed, not when the temporary is to be written. */
static void a_name_that_no_temporary_has_room_beside_is_refused(void **state) {
  (void)state;
  const long most = pathconf(folder, _PC_NAME_MAX), longest = most - 13; /* .part.4194304 */
  char name[PATH_MAX] = "";
  assert_true(most > 13 && most < PATH_MAX);
  memset(name, 'n', (size_t)most + 1);
  for (long length = most + 1; length >= longest; --length) {
    name[length] = '\0';
    assert_int_equal(files_check(at(name), true), length > longest ? STATUS_USAGE : STATUS_OK);
  }
  assert_int_equal(files_write(at(name), true, "x", 1), STATUS_OK);
}

static void what_stands_beside_a_result_is_named_after_it(void **state) {
  (void)state;
  static const struct {
    const char *result, *beside;
  } cases[] = {
      {"out/a.nc", "out/a.run.json"}, {"out/a", "out/a.run.json"}, {".nc", ".nc.run.json"}};
  char beside[PATH_MAX];
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    assert_int_equal(files_beside(cases[i].result, ".run.json", beside, sizeof beside),
                     STATUS_OK);
    assert_string_equal(beside, cases[i].beside);
  }
}

/* What a user who is not root gets in a folder he may not write. */
static void a_folder_without_permission_is_an_io_failure(void **state) {
  enum { NO_OTHER_USER = 77 };
  (void)state;
  assert_int_equal(chmod(folder, 0555), 0);
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    if (geteuid() == 0 && setuid(65534) != 0) {
      _exit(NO_OTHER_USER);
    }
    const bool right = files_check(at("result"), false) == STATUS_IO &&
                       files_write(at("result"), true, "x", 1) == STATUS_IO;
    _exit(right ? 0 : 1);
  }
  int code = -1;
  assert_int_equal(waitpid(child, &code, 0), child);
  assert_int_equal(chmod(folder, 0700), 0);
  assert_true(WIFEXITED(code));
  if (WEXITSTATUS(code) == NO_OTHER_USER) {
    print_message("root that may not become another user: nothing to see\n");
    skip();
  }
  assert_int_equal(WEXITSTATUS(code), 0);
  assert_int_equal(count_entries(), 0);
}

/* Writes where a file may have 4096 bytes and no more, as on a disk that fills up. */
static enum status write_to_full_disk(const char *where, const void *bytes, size_t size) {
  struct rlimit limit;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
  const struct rlimit small = {.rlim_cur = 4096, .rlim_max = limit.rlim_max};
  void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
  assert_true(handler != SIG_ERR);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  const enum status status = files_write(where, true, bytes, size);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  assert_true(signal(SIGXFSZ, handler) == SIG_IGN);
  return status;
}

static void a_full_disk_leaves_nothing_behind(void **state) {
  (void)state;
  static const char bytes[10000] = "x";
  const int before = count_descriptors();
  assert_int_equal(write_to_full_disk(at("result"), bytes, sizeof bytes), STATUS_IO);
  assert_int_equal(count_entries(), 0);
  assert_int_equal(count_descriptors(), before);
}

static void a_full_disk_leaves_the_old_file_as_it_was(void **state) {
  (void)state;
  static const char bytes[10000] = "x";
  assert_int_equal(files_write(at("result"), true, "the old result", 14), STATUS_OK);
  assert_int_equal(write_to_full_disk(at("result"), bytes, sizeof bytes), STATUS_IO);
  check_content("result", "the old result", 14);
  assert_int_equal(count_entries(), 1);
  assert_int_equal(write_to_full_disk(at("result"), bytes, 4096), STATUS_OK);
  check_content("result", bytes, 4096);
}

static void what_a_killed_run_left_is_written_over(void **state) {
  (void)state;
  char name[80];
  snprintf(name, sizeof name, "result.part.%ld", (long)getpid());
  FILE *file = fopen(at(name), "wb");
  assert_non_null(file);
  assert_true(fputs("half of something longer", file) >= 0);
  assert_int_equal(fclose(file), 0);
  assert_int_equal(files_write(at("result"), true, "whole", 5), STATUS_OK);
  check_content("result", "whole", 5);
  assert_int_equal(count_entries(), 1);
}

/* ---- SHA-256 (FIPS 180-2, appendix B, and the empty message) */

static void check_digest(const void *bytes, size_t size, const char *wanted) {
  char text[DIGEST_TEXT];
  memset(text, 'x', sizeof text);
  digest_hex(bytes, size, text);
  assert_string_equal(text, wanted);
}

static void sha256_gives_its_published_answers(void **state) {
  (void)state;
  check_digest("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  check_digest("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  check_digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
               "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  char *million = malloc(1000000);
  assert_non_null(million);
  memset(million, 'a', 1000000);
  check_digest(million, 1000000,
               "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  free(million);
}

/* ---- JSON */

/* What `write` puts into a file, in a buffer that the next call overwrites. */
static const char *written_text(const char *text) {
  static char buffer[1000];
  FILE *file = tmpfile();
  assert_non_null(file);
  json_text(file, text);
  rewind(file);
  buffer[fread(buffer, 1, sizeof buffer - 1, file)] = '\0';
  fclose(file);
  return buffer;
}

static void json_texts_are_escaped(void **state) {
  (void)state;
  assert_string_equal(written_text(""), "\"\"");
  assert_string_equal(written_text("plain / text"), "\"plain / text\"");
  assert_string_equal(written_text("say \"no\""), "\"say \\\"no\\\"\"");
  assert_string_equal(written_text("back\\slash"), "\"back\\\\slash\"");
  assert_string_equal(written_text("a\nb\tc\rd"), "\"a\\u000ab\\u0009c\\u000dd\"");
  assert_string_equal(written_text("\x01\x1f"), "\"\\u0001\\u001f\"");
  assert_string_equal(written_text("\x7f\xc2\x9b"), "\"\\u007f\\u009b\"");
  assert_string_equal(written_text("a\xff\xe2\x80"), "\"a\\ufffd\\ufffd\\ufffd\"");
  assert_string_equal(written_text("\xe2\x80\xae"), "\"\\u202e\"");
  assert_string_equal(written_text("K\xc3\xb6ln \xe2\x82\xac \xf0\x9f\x98\x80"),
                      "\"K\xc3\xb6ln \xe2\x82\xac \xf0\x9f\x98\x80\"");
}

/* ---- text that people see */

static const char *shown(const char *text) {
  static char buffer[1000];
  FILE *file = tmpfile();
  assert_non_null(file);
  text_print(file, "%s", text);
  rewind(file);
  buffer[fread(buffer, 1, sizeof buffer - 1, file)] = '\0';
  fclose(file);
  return buffer;
}

static void what_is_shown_moves_no_terminal(void **state) {
  (void)state;
  assert_string_equal(shown("K\xc3\xb6ln \xf0\x9f\x98\x80"), "K\xc3\xb6ln \xf0\x9f\x98\x80");
  assert_string_equal(shown("a\x1b[31m\nb\t"), "a\\x1b[31m\\nb\\t");
  assert_string_equal(shown("\xc2\x9b\xe2\x80\xae"), "\\xc2\\x9b\\xe2\\x80\\xae");
  assert_string_equal(shown("\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xc3"),
                      "\\xc0\\xaf\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80\\xc3");
  assert_null(text_hidden("K\xc3\xb6ln", false));
  assert_null(text_hidden("a\n\tb", true));
  assert_non_null(text_hidden("a\nb", false));
  char broken[] = "a\xffK\xc3\xb6\x07";
  text_clean(broken);
  assert_string_equal(broken, "a?K\xc3\xb6?");
}

static const char *written_number(FILE *file, double value) {
  static char buffer[100];
  rewind(file);
  json_number(file, value);
  const long length = ftell(file);
  assert_true(length > 0 && length < (long)sizeof buffer);
  rewind(file);
  buffer[fread(buffer, 1, (size_t)length, file)] = '\0';
  return buffer;
}

/* A number by the grammar of JSON (RFC 8259): -? whole (. digits)? (e sign digits)? */
static bool is_json_number(const char *text) {
  static const char digits[] = "0123456789";
  text += *text == '-';
  const size_t whole = strspn(text, digits);
  if (whole == 0 || (whole > 1 && text[0] == '0')) {
    return false;
  }
  text += whole;
  if (*text == '.') {
    const size_t decimals = strspn(++text, digits);
    if (decimals == 0) {
      return false;
    }
    text += decimals;
  }
  if (*text == 'e' || *text == 'E') {
    ++text;
    text += *text == '+' || *text == '-';
    const size_t exponent = strspn(text, digits);
    if (exponent == 0) {
      return false;
    }
    text += exponent;
  }
  return *text == '\0';
}

static void json_numbers_are_short(void **state) {
  (void)state;
  static const struct {
    double value;
    const char *text;
  } cases[] = {{0.0, "0"},         {1.0, "1"},         {-2.5, "-2.5"},       {0.1, "0.1"},
               {0.07, "0.07"},     {1e22, "1e+22"},    {200000.0, "200000"}, {NAN, "null"},
               {INFINITY, "null"}, {-INFINITY, "null"}};
  FILE *file = tmpfile();
  assert_non_null(file);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    assert_string_equal(written_number(file, cases[i].value), cases[i].text);
  }
  fclose(file);
}

static void json_numbers_read_back_to_the_same_double(void **state) {
  (void)state;
  FILE *file = tmpfile();
  assert_non_null(file);
  for (int64_t n = 0; n < 50000; ++n) {
    const struct address address = {.seed = 1, .path = n};
    uint64_t words[2];
    philox_words(&address, words);
    const double value = lane_from_bits(words[0]); /* any bits: all exponents, subnormals */
    const char *text = written_number(file, value);
    if (isfinite(value)) {
      assert_true(is_json_number(text));
      assert_true(lane_bits(strtod(text, NULL)) == words[0]);
    } else {
      assert_string_equal(text, "null");
    }
  }
  fclose(file);
}

int main(void) {
#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
  const struct CMUnitTest tests[] = {
      IN_A_FOLDER(a_new_file_holds_what_was_written),
      IN_A_FOLDER(a_new_file_may_be_read_by_whom_the_user_lets),
      IN_A_FOLDER(short_and_interrupted_writes_are_taken_up_again),
      IN_A_FOLDER(what_does_not_reach_the_disk_is_an_io_failure),
      IN_A_FOLDER(a_folder_that_knows_no_sync_is_good_enough),
      IN_A_FOLDER(an_existing_file_is_replaced_as_a_whole),
      IN_A_FOLDER(a_file_may_be_named_without_a_folder),
      IN_A_FOLDER(a_missing_folder_is_an_io_failure),
      IN_A_FOLDER(a_file_is_no_folder),
      IN_A_FOLDER(a_folder_is_not_overwritten),
      IN_A_FOLDER(an_existing_output_needs_force),
      IN_A_FOLDER(a_path_too_long_is_an_io_failure),
      IN_A_FOLDER(a_name_that_no_temporary_has_room_beside_is_refused),
      cmocka_unit_test(what_stands_beside_a_result_is_named_after_it),
      IN_A_FOLDER(a_folder_without_permission_is_an_io_failure),
      IN_A_FOLDER(a_full_disk_leaves_nothing_behind),
      IN_A_FOLDER(a_full_disk_leaves_the_old_file_as_it_was),
      IN_A_FOLDER(what_a_killed_run_left_is_written_over),
      cmocka_unit_test(sha256_gives_its_published_answers),
      cmocka_unit_test(json_texts_are_escaped),
      cmocka_unit_test(what_is_shown_moves_no_terminal),
      cmocka_unit_test(json_numbers_are_short),
      cmocka_unit_test(json_numbers_read_back_to_the_same_double),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
