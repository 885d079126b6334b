# Expected numbers of datasets/diamonds/job.yaml, by R's own lm (R 4.2.2, Householder QR):
#   python3 diamonds_members.py diamonds.csv predictions.csv > train.csv
#   Rscript diamonds.R > diamonds_metrics.txt          (also writes diamonds_lm.csv)
# The stages are done again here from their definitions: means for missing sizes, categories by
# falling frequency with the last one dropped, division by the sample standard deviation.
d <- read.csv("train.csv")
for (c in c("x", "y", "z")) {
  v <- d[[c]]
  v[v == 0] <- NA
  v[is.na(v)] <- mean(v, na.rm = TRUE)
  d[[c]] <- v
}
one_hot <- function(v) {
  t <- table(v)
  levels <- names(t)[order(-as.integer(t), names(t), method = "radix")]
  sapply(levels[-length(levels)], function(l) as.numeric(v == l))
}
X <- cbind(carat = d$carat, log_carat = log(d$carat), depth = d$depth, table_width = d$table,
           x_mm = d$x, y_mm = d$y, z_mm = d$z,
           one_hot(d$cut), one_hot(d$color), one_hot(d$clarity))
X <- sweep(X, 2, apply(X, 2, sd), "/")
m <- lm(d$price ~ X)
s <- summary(m)
rows <- coef(s)
rows <- rbind(rows[-1, ], rows[1, , drop = FALSE]) # the intercept last
exact <- function(v) sprintf("%.17g", v)
write.table(data.frame(feature = c(colnames(X), "(intercept)"), coefficient = exact(rows[, 1]),
                       std_error = exact(rows[, 2]), t_value = exact(rows[, 3]),
                       p_value = exact(rows[, 4])),
            "diamonds_lm.csv", sep = ",", row.names = FALSE, quote = FALSE)
r <- residuals(m)
cat(sprintf("rmse %s\nmae %s\nr2 %s\nr2adj %s\ndf %d\nsigma %s\nresidual_quantiles %s\n",
            exact(sqrt(mean(r^2))), exact(mean(abs(r))), exact(s$r.squared),
            exact(s$adj.r.squared), m$df.residual, exact(s$sigma),
            paste(exact(quantile(r, type = 1)), collapse = " ")))
