/* What a leg sees of the sampled ground, and whether it stays in the room. */
#include "polish.h"
#include <string.h>

#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

#define BLOCK 64
#define FAR 1e30f
#define ROW_WORK 6
#define CHANGE_WORK 4

typedef uint16_t Lanes __attribute__((vector_size(2 * LANES)));
static const Lanes EACH = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

/* Counts `n` samples up (by 1) or down (by -1) from place `at` on, LANES at a time, the last of them in part, without
 * branches. count[] has LANES of room at its end. */
static inline void count(Ground *g, int64_t at, int n, int by) {
    Lanes turned = {0};
    for (int j = 0; j < n; j += LANES) {
        Lanes old, now;
        const uint16_t left = (uint16_t)(n - j < LANES ? n - j : LANES);
        const Lanes mine = (Lanes)(EACH < left);
        memcpy(&old, g->count + at + j, sizeof old);
        now = old + (mine & (uint16_t)by);
        memcpy(g->count + at + j, &now, sizeof now);
        turned -= (Lanes)((by > 0 ? old : now) == 0) & mine; /* true is all ones: -1 */
    }
    int64_t changed = 0;
    for (int k = 0; k < LANES; k++) changed += turned[k];
    g->unseen -= by * changed;
}

/* On `n` rows from row `first` on: which samples, first and last, are within reach of leg a-b; none: from > to. Places
 * are kept relative to a, in single precision (millimetres over kilometres), and follow from the leg and the number of
 * the row alone: what was counted up is counted down again. Written without branches, so that compilers do eight rows at
 * a time. */
static inline void intervals(const Ground *g, Point a, Point b, int first, int n, int32_t *from, int32_t *to) {
    const float h = (float)g->reach, per_m = (float)(1.0 / g->step), last = (float)(g->cols - 1), row = (float)g->row;
    const float dx = (float)(b.x - a.x), dy = (float)(b.y - a.y), length = sqrtf(dx * dx + dy * dy);
    const float aside_x = length > 1e-6f ? -dy / length * h : 0.0f, aside_y = length > 1e-6f ? dx / length * h : 0.0f;
    const float per_dy = fabsf(dy) > 1e-6f ? 1.0f / dy : 0.0f, no_sides = fabsf(dy) > 1e-6f ? 0.0f : 2.0f;
    const float low = (float)(g->y0 - a.y), base = (float)((a.x - g->x0) / g->step), square = h * h;
    for (int k = 0; k < n; k++) {
        const float ya = low + (float)(first + k) * row, yb = ya - dy;
        const float half_a = square - ya * ya, half_b = square - yb * yb;
        const float ra = sqrtf(half_a > 0.0f ? half_a : 0.0f), rb = sqrtf(half_b > 0.0f ? half_b : 0.0f);
        const float left_share = (ya - aside_y) * per_dy + no_sides, right_share = (ya + aside_y) * per_dy + no_sides;
        const float left_x = aside_x + left_share * dx, right_x = right_share * dx - aside_x;
        const int on_left = (left_share >= 0.0f) & (left_share <= 1.0f);
        const int on_right = (right_share >= 0.0f) & (right_share <= 1.0f);
        float low_x = half_a >= 0.0f ? -ra : FAR, high_x = half_a >= 0.0f ? ra : -FAR, x;
        x = half_b >= 0.0f ? dx - rb : FAR;
        low_x = low_x < x ? low_x : x;
        x = half_b >= 0.0f ? dx + rb : -FAR;
        high_x = high_x > x ? high_x : x;
        x = on_left ? left_x : FAR;
        low_x = low_x < x ? low_x : x;
        x = on_right ? right_x : FAR;
        low_x = low_x < x ? low_x : x;
        x = on_left ? left_x : -FAR;
        high_x = high_x > x ? high_x : x;
        x = on_right ? right_x : -FAR;
        high_x = high_x > x ? high_x : x;
        const float place = base - g->offset[first + k];
        float start = low_x * per_m + place, end = high_x * per_m + place;
        start = start > 0.0f ? start : 0.0f;
        start = start < last + 1.0f ? start : last + 1.0f;
        end = end > -1.0f ? end : -1.0f;
        end = end < last ? end : last;
        const int32_t whole = (int32_t)start;
        from[k] = whole + ((float)whole < start);
        to[k] = (int32_t)(end + 1.0f) - 1;
    }
}

/* First and last row that the strip of a leg may reach; first > last when none. */
static void rows_of(const Ground *g, const Point *leg, int *first, int *last) {
    const double low = (least(leg[0].y, leg[1].y) - g->reach - g->y0) / g->row;
    const double high = (most(leg[0].y, leg[1].y) + g->reach - g->y0) / g->row;
    *first = (int)most(low + 1.0, 0.0);
    *last = high >= 0.0 ? (int)least(high, g->rows - 1.0) : -1;
}

/* Adds the round-ended strip of a leg. */
WIDE void strip(Ground *g, Point a, Point b) {
    const Point leg[2] = {a, b};
    int first, last;
    rows_of(g, leg, &first, &last);
    int32_t from[BLOCK], to[BLOCK];
    for (int block = first; block <= last; block += BLOCK) {
        const int n = last + 1 - block < BLOCK ? last + 1 - block : BLOCK;
        intervals(g, a, b, block, n, from, to);
        for (int k = 0; k < n; k++) count(g, (int64_t)(block + k) * g->cols + from[k], to[k] + 1 - from[k], 1);
    }
}

/* Counts samples `from` to `to` of a row, if any, and writes it down. */
static inline void change(Walk *w, int64_t row, int from, int to, int sign) {
    const Change made = {row + from, to + 1 - from, sign};
    w->change[w->changes] = made;
    w->changes += made.n > 0;
    w->ground->work += made.n > 0 ? CHANGE_WORK + made.n / 16 : 0;
    count(w->ground, made.at, made.n, sign);
}

/* The strip of one leg (two points) taken away and that of another added, either of them null: only samples that one
 * of them sees and the other doesn't are touched. 0, and nothing done, when too many changes would have to be kept. */
WIDE int trade(Walk *w, const Point *gone, const Point *come) {
    Ground *g = w->ground;
    int first = 0, last = -1, first_come = 0, last_come = -1;
    if (gone) rows_of(g, gone, &first, &last);
    if (come) rows_of(g, come, &first_come, &last_come);
    if (first > last) {
        first = first_come;
        last = last_come;
    } else if (first_come <= last_come) {
        first = first < first_come ? first : first_come;
        last = last > last_come ? last : last_come;
    }
    if (w->changes + 2 * (last - first + 1) > MOST_CHANGES) return 0;
    int32_t from[BLOCK], to[BLOCK], then_from[BLOCK], then_to[BLOCK];
    for (int k = 0; k < BLOCK; k++) {
        from[k] = then_from[k] = 0;
        to[k] = then_to[k] = -1;
    }
    for (int block = first; block <= last; block += BLOCK) {
        const int n = last + 1 - block < BLOCK ? last + 1 - block : BLOCK;
        if (gone) intervals(g, gone[0], gone[1], block, n, from, to);
        if (come) intervals(g, come[0], come[1], block, n, then_from, then_to);
        g->work += ROW_WORK * n * ((gone != 0) + (come != 0));
        for (int k = 0; k < n; k++) {
            const int64_t row = (int64_t)(block + k) * g->cols;
            const int f = from[k], t = to[k], u = then_from[k], v = then_to[k];
            if (f > t || u > v || u > t || f > v) {
                change(w, row, f, t, -1);
                change(w, row, u, v, 1);
                continue;
            }
            change(w, row, u, f - 1, 1);
            change(w, row, f, u - 1, -1);
            change(w, row, t + 1, v, 1);
            change(w, row, v + 1, t, -1);
        }
    }
    return 1;
}

/* The ground as it was before the move in hand. */
WIDE void undo(Walk *w) {
    while (w->changes > 0) {
        const Change c = w->change[--w->changes];
        count(w->ground, c.at, c.n, -c.sign);
        w->ground->work += CHANGE_WORK + c.n / 16;
    }
}

/* Whether a leg meets no edge; touching is meeting. */
int in_room(const Room *room, Point a, Point b) {
    const double wx = b.x - a.x, wy = b.y - a.y, c = wy * a.x - wx * a.y;
    const double left = least(a.x, b.x), right = most(a.x, b.x), low = least(a.y, b.y), high = most(a.y, b.y);
    for (int i = 0; i < room->n; i++) {
        const double *e = room->edges + 4 * i;
        if ((e[0] < left && e[2] < left) || (e[0] > right && e[2] > right)) continue;
        if ((e[1] < low && e[3] < low) || (e[1] > high && e[3] > high)) continue;
        const double s = wx * e[1] - wy * e[0] + c, t = wx * e[3] - wy * e[2] + c;
        if (s * t > 0.0) continue;
        const double ex = e[2] - e[0], ey = e[3] - e[1];
        const double p = ex * (a.y - e[1]) - ey * (a.x - e[0]), q = ex * (b.y - e[1]) - ey * (b.x - e[0]);
        if (p * q <= 0.0) return 0;
    }
    return 1;
}

/* Counts the strips of a path in; returns the samples left unseen. */
int64_t airground_see(Ground *ground, const Point *at, int32_t n) {
    for (int k = 0; k + 1 < n; k++) strip(ground, at[k], at[k + 1]);
    return ground->unseen;
}

/* Which of n legs stay in the room. */
void airground_sight(const Point *a, const Point *b, int32_t n, const Room *room, uint8_t *clear) {
    for (int32_t k = 0; k < n; k++) clear[k] = (uint8_t)in_room(room, a[k], b[k]);
}
