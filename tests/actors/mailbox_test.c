/* SPDX-License-Identifier: MIT */
/* mailbox_test.c -- the word that is queue, wake-up and death certificate in one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "mailbox.h"

enum { TAG = 7 };

static Message *message(uint64_t number) {
  Message *m = calloc(1, sizeof *m);
  m->number = number;
  return m;
}

static void messages_arrive_in_the_order_in_which_they_were_pushed(void **state) {
  (void)state;
  Mailbox box;
  mailbox_open(&box, TAG);
  for (uint64_t i = 1; i <= 5; i++) assert_int_equal(mailbox_push(&box, TAG, message(i)), MAILBOX_QUEUED);
  Message *m = mailbox_take(&box, TAG);
  for (uint64_t i = 1; i <= 5; i++) {
    Message *next = m->next;
    assert_int_equal(m->number, i);
    free(m);
    m = next;
  }
  assert_null(m);
}

static void the_first_push_to_an_idle_actor_wakes_it_and_the_second_does_not(void **state) {
  (void)state;
  Mailbox box;
  mailbox_open(&box, TAG);
  assert_true(mailbox_try_rest(&box, TAG));
  assert_int_equal(mailbox_push(&box, TAG, message(1)), MAILBOX_WOKE);
  assert_int_equal(mailbox_push(&box, TAG, message(2)), MAILBOX_QUEUED);
  Message *m = mailbox_take(&box, TAG);
  assert_int_equal(m->number, 1);
  assert_int_equal(m->next->number, 2);
  free(m->next);
  free(m);
}

static void an_actor_with_mail_cannot_rest(void **state) {
  (void)state;
  Mailbox box;
  mailbox_open(&box, TAG);
  mailbox_push(&box, TAG, message(1));
  assert_true(mailbox_has_mail(&box));
  assert_false(mailbox_try_rest(&box, TAG));
  free(mailbox_take(&box, TAG));
  assert_false(mailbox_has_mail(&box));
  assert_true(mailbox_try_rest(&box, TAG));
}

static void a_push_to_an_exited_actor_is_refused_and_the_message_stays_the_senders(void **state) {
  (void)state;
  Mailbox box;
  mailbox_open(&box, TAG);
  Message *m = message(1);
  assert_null(mailbox_close(&box));
  assert_int_equal(mailbox_push(&box, TAG, m), MAILBOX_REFUSED);
  mailbox_open(&box, TAG + 1); /* the record lives on as another actor */
  assert_int_equal(mailbox_push(&box, TAG, m), MAILBOX_REFUSED);
  assert_false(mailbox_has_mail(&box));
  free(m);
}

static void zeroed_memory_is_a_dead_mailbox(void **state) {
  (void)state;
  Mailbox box = {0};
  Message m;
  assert_int_equal(mailbox_push(&box, 0, &m), MAILBOX_REFUSED);
}

static void closing_answers_what_was_waiting(void **state) {
  (void)state;
  Mailbox box;
  mailbox_open(&box, TAG);
  mailbox_push(&box, TAG, message(1));
  mailbox_push(&box, TAG, message(2));
  Message *m = mailbox_close(&box);
  assert_int_equal(m->number, 1);
  assert_int_equal(m->next->number, 2);
  free(m->next);
  free(m);
}

/* ---- several threads ------------------------------------------------------------------------------------------------------------ */

enum { SENDERS = 4, PER_SENDER = 20000 };

typedef struct Sender {
  Mailbox *box;
  uint64_t number;
  uint64_t wakes;
} Sender;

static void *send_all(void *argument) {
  Sender *sender = argument;
  for (uint64_t i = 0; i < PER_SENDER; i++)
    if (mailbox_push(sender->box, TAG, message(sender->number << 32 | i)) == MAILBOX_WOKE) sender->wakes++;
  return NULL;
}

static void nothing_is_lost_or_reordered_between_threads_and_each_rest_is_ended_by_one_wake(void **state) {
  (void)state;
  Mailbox box;
  Sender senders[SENDERS];
  pthread_t threads[SENDERS];
  uint64_t next[SENDERS] = {0}, received = 0, rests = 0, wakes = 0;
  mailbox_open(&box, TAG);
  for (int i = 0; i < SENDERS; i++) {
    senders[i] = (Sender){&box, (uint64_t)i, 0};
    pthread_create(&threads[i], NULL, send_all, &senders[i]);
  }
  bool resting = false;
  while (received < SENDERS * PER_SENDER) {
    if (resting && !mailbox_has_mail(&box)) continue;
    resting = false;
    for (Message *m = mailbox_take(&box, TAG), *following; m; m = following, received++) {
      following = m->next;
      assert_int_equal(m->number & 0xffffffff, next[m->number >> 32]++);
      free(m);
    }
    if (mailbox_try_rest(&box, TAG)) resting = true, rests++;
  }
  for (int i = 0; i < SENDERS; i++) pthread_join(threads[i], NULL), wakes += senders[i].wakes;
  assert_true(wakes == rests || wakes + 1 == rests);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(messages_arrive_in_the_order_in_which_they_were_pushed),
      cmocka_unit_test(the_first_push_to_an_idle_actor_wakes_it_and_the_second_does_not),
      cmocka_unit_test(an_actor_with_mail_cannot_rest),
      cmocka_unit_test(a_push_to_an_exited_actor_is_refused_and_the_message_stays_the_senders),
      cmocka_unit_test(zeroed_memory_is_a_dead_mailbox),
      cmocka_unit_test(closing_answers_what_was_waiting),
      cmocka_unit_test(nothing_is_lost_or_reordered_between_threads_and_each_rest_is_ended_by_one_wake),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
