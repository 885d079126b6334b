-- What a user did lately, as known at each purchase: over the last rows, and over the last days.
SELECT user_id, transaction_date, amount,
       sum(amount) OVER by_rows AS spent_7_purchases,
       avg(amount) OVER by_rows AS average_7_purchases,
       count(*) OVER days_7 AS purchases_7_days,
       sum(amount) OVER days_7 AS spent_7_days,
       max(amount) OVER days_7 AS largest_7_days,
       count(*) OVER days_30 AS purchases_30_days,
       sum(amount) OVER days_30 AS spent_30_days,
       stddev(amount) OVER days_30 AS spread_30_days
FROM log
WHERE amount BETWEEN 0.01 AND 10000
WINDOW by_rows AS (PARTITION BY user_id ORDER BY transaction_date, amount
                   ROWS BETWEEN 6 PRECEDING AND CURRENT ROW),
       days_7 AS (PARTITION BY user_id ORDER BY transaction_date
                  RANGE BETWEEN INTERVAL '6 days' PRECEDING AND CURRENT ROW),
       days_30 AS (PARTITION BY user_id ORDER BY transaction_date
                   RANGE BETWEEN INTERVAL '29 days' PRECEDING AND CURRENT ROW)
