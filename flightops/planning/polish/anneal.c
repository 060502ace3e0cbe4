/* Simulated annealing of a path: flight time plus a price for ground left unseen (Kirkpatrick 1983). */
#include "polish.h"
#include <stdlib.h>
#include <string.h>

#define PRICE_RISE 5.0
#define STEP_WORK 8

static Walk *started(const Point *at, int n, Ground *ground, const Room *room, const Pace *pace, const Task *task) {
    Walk *w = calloc(1, sizeof(Walk));
    if (!w) return 0;
    w->ground = ground;
    w->room = room;
    w->pace = pace;
    w->task = task;
    w->n = n;
    w->random = task->seed * 0x9E3779B97F4A7C15ULL + 0x1234567ULL;
    memcpy(w->at, at, (size_t)n * sizeof(Point));
    for (int k = 0; k + 1 < n; k++) strip(ground, at[k], at[k + 1]);
    w->time = path_time(pace, at, n);
    w->price = task->price;
    return w;
}

/* Keeps the path when it sees enough and a judge finds it the quickest so far. */
static void keep_best(Walk *w, Point *best, int32_t *best_n, double *best_s) {
    const double judged = judged_time(w->pace, w->at, w->n, w->spare, w->kept);
    w->ground->work += 20 * w->n;
    if (judged >= *best_s - 1e-9) return;
    *best_s = judged;
    *best_n = w->n;
    memcpy(best, w->at, (size_t)w->n * sizeof(Point));
}

/* Polishes a path of n points in place (room for MOST_POINTS); returns how many it has then, or -1 when there is no
 * memory or n is out of range. `time_s`: flight time of the quickest path that saw enough, which is the one returned;
 * 1e300 when none did, and then, or when the task wants it, the last one tried is returned. */
int32_t airground_polish(Point *at, int32_t n, Ground *ground, const Room *room, const Pace *pace, const Task *task,
                         double *time_s) {
    if (n < 2 || n >= MOST_POINTS) return -1;
    Walk *w = started(at, n, ground, room, pace, task);
    if (!w) return -1;
    int32_t best_n = 0;
    double best_s = 1e300, quickest = 1e300, heat = task->hot;
    if (ground->unseen <= task->allowed) keep_best(w, at, &best_n, &best_s);
    const int64_t start = ground->work;
    for (int64_t step = 0; ground->work - start < task->budget && w->n > 2; step++) {
        if (step % 256 == 0) {
            const double done = (double)(ground->work - start) / (double)task->budget;
            heat = task->hot * pow(task->cold / task->hot, done);
            w->price = task->price * (1.0 + PRICE_RISE * done * done);
        }
        ground->work += STEP_WORK;
        if (!try_move(w, -heat * log(uniform(w) + 1e-12))) continue;
        if (ground->unseen <= task->allowed && w->time < quickest - 1e-6) {
            quickest = w->time;
            keep_best(w, at, &best_n, &best_s);
        }
    }
    *time_s = best_s;
    if (best_n == 0 || task->last) {
        best_n = w->n;
        memcpy(at, w->at, (size_t)w->n * sizeof(Point));
    }
    free(w);
    return best_n;
}
