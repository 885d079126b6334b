-- Amounts that stand out: percent rank within the category, distance from its quartiles.
WITH bounds AS (
    SELECT category,
           percentile_cont(0.25) WITHIN GROUP (ORDER BY amount) AS q1,
           percentile_cont(0.75) WITHIN GROUP (ORDER BY amount) AS q3
    FROM log
    GROUP BY category
),
ranked AS (
    SELECT user_id, transaction_date, category, amount,
           percent_rank() OVER (PARTITION BY category ORDER BY amount) AS place
    FROM log
    WHERE amount IS NOT NULL AND category IS NOT NULL
)
SELECT r.user_id, r.transaction_date, r.category, r.amount, r.place
FROM ranked AS r
JOIN bounds AS b ON b.category = r.category
WHERE r.place > 0.99 OR r.amount > b.q3 + 3 * (b.q3 - b.q1)
ORDER BY r.amount DESC, r.user_id, r.transaction_date
