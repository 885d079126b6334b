-- Revenue of each day, its running total, the change from the day before, the best seller.
WITH days AS (
    SELECT transaction_date AS day, count(*) AS purchases, count(DISTINCT customer_id) AS buyers,
           sum(quantity * price) AS revenue
    FROM sales
    GROUP BY transaction_date
),
best AS (
    SELECT transaction_date AS day, product_name,
           row_number() OVER (PARTITION BY transaction_date
                              ORDER BY quantity * price DESC, transaction_id) AS place
    FROM sales
)
SELECT days.day, days.purchases, days.buyers, round(days.revenue, 2) AS revenue,
       round(sum(days.revenue) OVER (ORDER BY days.day), 2) AS running_total,
       round(days.revenue - lag(days.revenue) OVER (ORDER BY days.day), 2) AS change,
       best.product_name AS best_seller
FROM days
JOIN best ON best.day = days.day AND best.place = 1
ORDER BY days.day
