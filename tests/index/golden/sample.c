#include <stdio.h>
#include "shop/item.h"

#define LIMIT 3
#define DOUBLE(x) ((x) * 2)

/* Sold. */
struct item {
    int price;
    struct item *next;
    char name[LIMIT];
};

typedef struct {
    int left, right;
} pair_t;

typedef int (*handler_t)(struct item *);

enum level { LOW, HIGH = 2 };
union bits { int whole; char part; };

extern int total;
static int count = LIMIT, spare;
const char *names[] = { "a" };

int sell(struct item *item, int amount);

/* Sells. */
int sell(struct item *item, int amount)
{
    int price = item->price * DOUBLE(amount);
    pair_t pair = { .left = price, .right = count };
    for (int i = 0; i < amount; i++) {
        printf("%d", check(item, &pair));
    }
    if (price > HIGH)
        goto out;
out:
    return price + pair.left;
}

static inline struct item *make(void) { return malloc(sizeof(struct item)); }
