-- One row a user: totals, averages, first and last purchase, active days, favourite category,
-- recency and tenure, coefficient of variation, segment.
WITH valid AS (
    SELECT * FROM log
    WHERE amount BETWEEN 0.01 AND 10000 AND transaction_date < DATE '2030-01-01'
),
favourites AS (
    SELECT user_id, category,
           row_number() OVER (PARTITION BY user_id ORDER BY count(*) DESC, category) AS place
    FROM valid
    WHERE category IS NOT NULL
    GROUP BY user_id, category
)
SELECT v.user_id,
       count(*) AS purchases,
       sum(v.amount) AS spent,
       avg(v.amount) AS average_amount,
       median(v.amount) AS median_amount,
       min(v.transaction_date) AS first_purchase,
       max(v.transaction_date) AS last_purchase,
       count(DISTINCT v.transaction_date) AS active_days,
       count(DISTINCT v.category) AS categories,
       max(f.category) AS favourite_category,
       stddev(v.amount) / avg(v.amount) AS variation,
       DATE '2025-01-01' - max(v.transaction_date) AS recency_days,
       max(v.transaction_date) - min(v.transaction_date) AS tenure_days,
       CASE WHEN count(*) >= 100 THEN 'heavy' WHEN count(*) >= 20 THEN 'regular'
            ELSE 'occasional' END AS segment
FROM valid AS v
LEFT JOIN favourites AS f ON f.user_id = v.user_id AND f.place = 1
GROUP BY v.user_id
ORDER BY v.user_id
