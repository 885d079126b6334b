-- Cosine similarity of items: sum(a b) / (|a| |b|), over users who rated both; the three closest.
WITH once AS (
    SELECT "user", item, avg(rating) AS rating FROM ratings GROUP BY "user", item
),
norms AS (
    SELECT item, sqrt(sum(rating * rating)) AS norm FROM once GROUP BY item
),
pairs AS (
    SELECT a.item AS item, b.item AS other,
           sum(a.rating * b.rating) AS product, count(*) AS together
    FROM once AS a
    JOIN once AS b ON a."user" = b."user" AND a.item <> b.item
    GROUP BY a.item, b.item
),
scored AS (
    SELECT p.item, p.other, p.together, p.product / (x.norm * y.norm) AS similarity
    FROM pairs AS p
    JOIN norms AS x ON x.item = p.item
    JOIN norms AS y ON y.item = p.other
    WHERE p.together >= 3
),
placed AS (
    SELECT item, other, together, similarity,
           row_number() OVER (PARTITION BY item ORDER BY similarity DESC, other) AS place
    FROM scored
)
SELECT item, other, together, similarity, place
FROM placed
WHERE place <= 3
ORDER BY item, place
