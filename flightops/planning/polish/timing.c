/* Flight time of a path: the model of paths/timing.py (runs from rest to rest, a pause at each turn, shallow bends
 * flown through, a steady wind). */
#include "polish.h"
#include <stdlib.h>
#include <string.h>

#define STRAIGHT 0.99999999
#define SIMPLIFY_M 0.3

static double run_time(const Pace *p, double length) {
    const double ramp = p->speed * p->speed / p->accel;
    return length >= ramp ? length / p->speed + p->speed / p->accel : 2.0 * sqrt(length / p->accel);
}

/* How much longer than in still air a metre takes along a unit vector. */
static double drift(const Pace *p, double ux, double uy) {
    const double along = ux * p->wind_x + uy * p->wind_y, across = ux * p->wind_y - uy * p->wind_x;
    return 1.0 / (along + sqrt(p->speed * p->speed - across * across)) - 1.0 / p->speed;
}

/* Unit vectors and lengths of two legs: whether the corner between them is a stop. */
static int is_stop(const Pace *p, double ux, double uy, double before, double vx, double vy, double after) {
    const double cosine = ux * vx + uy * vy;
    if (cosine > STRAIGHT) return 0;
    if (cosine < p->cosine) return 1;
    const double half_tangent = fabs(ux * vy - uy * vx) / (1.0 + cosine);
    return least(before, after) < 2.0 * p->radius * half_tangent;
}

/* From rest at the first point to rest at the last, s, turns strictly between them included. */
double path_time(const Pace *p, const Point *at, int n) {
    const int windy = p->wind_x != 0.0 || p->wind_y != 0.0;
    double time = 0.0, run = 0.0, ux = 0.0, uy = 0.0, before = 0.0;
    for (int i = 0; i + 1 < n; i++) {
        double dx = at[i + 1].x - at[i].x, dy = at[i + 1].y - at[i].y;
        const double length = sqrt(dx * dx + dy * dy);
        if (length < 1e-6) continue;
        dx /= length;
        dy /= length;
        if (before > 0.0 && is_stop(p, ux, uy, before, dx, dy, length)) {
            time += run_time(p, run) + p->turn;
            run = 0.0;
        }
        if (windy) time += length * drift(p, dx, dy);
        run += length;
        ux = dx;
        uy = dy;
        before = length;
    }
    return time + run_time(p, run);
}

/* Whether point i is a stop; the ends are. */
int stops_at(const Walk *w, int i) {
    if (i <= 0 || i >= w->n - 1) return 1;
    const Point a = w->at[i - 1], b = w->at[i], c = w->at[i + 1];
    const double before = gap(a, b), after = gap(b, c);
    if (before < 1e-6 || after < 1e-6) return 0;
    return is_stop(w->pace, (b.x - a.x) / before, (b.y - a.y) / before, before, (c.x - b.x) / after,
                   (c.y - b.y) / after, after);
}

/* Marks the points that Douglas and Peucker keep between first and last. */
static void keep_between(const Point *at, char *kept, int first, int last) {
    while (last > first + 1) {
        const double dx = at[last].x - at[first].x, dy = at[last].y - at[first].y, square = dx * dx + dy * dy;
        double worst = -1.0;
        int far = first;
        for (int i = first + 1; i < last; i++) {
            double ex = at[i].x - at[first].x, ey = at[i].y - at[first].y;
            double share = square > 0.0 ? (ex * dx + ey * dy) / square : 0.0;
            share = least(most(share, 0.0), 1.0);
            ex -= share * dx;
            ey -= share * dy;
            if (ex * ex + ey * ey > worst) {
                worst = ex * ex + ey * ey;
                far = i;
            }
        }
        if (worst <= SIMPLIFY_M * SIMPLIFY_M) return;
        kept[far] = 1;
        keep_between(at, kept, first, far);
        first = far;
    }
}

/* Flight time as a judge measures it: after points that lie within SIMPLIFY_M of the line are dropped, s. `spare` and
 * `kept` have room for n. */
double judged_time(const Pace *pace, const Point *at, int n, Point *spare, char *kept) {
    int m = 0;
    memset(kept, 0, (size_t)n);
    kept[0] = kept[n - 1] = 1;
    keep_between(at, kept, 0, n - 1);
    for (int i = 0; i < n; i++)
        if (kept[i]) spare[m++] = at[i];
    return path_time(pace, spare, m);
}

/* Flight time of a path of n points, s; -1 when there is no memory. */
double airground_time(const Point *at, int32_t n, const Pace *pace) {
    if (n < 2) return 0.0;
    Point *spare = malloc((size_t)n * (sizeof(Point) + 1));
    if (!spare) return -1.0;
    const double time = judged_time(pace, at, n, spare, (char *)(spare + n));
    free(spare);
    return time;
}
