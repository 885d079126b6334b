# describe --correlate and --label: the numbers of R, the same on any ranks.
. "$(dirname "$0")/lib.sh" "$@"

diamonds=$SOURCE/datasets/diamonds/diamonds.csv
rounded() {
    awk -F, -v OFS=, 'NR > 1 { for (i = 2; i <= NF; i++) if ($i ~ /^[-0-9]/) $i = sprintf("%.10g", $i); print }' "$1"
}

# R 4.2.2: cor(d), cor(d, method = "spearman")
cat >pearson.txt <<'END'
carat,1,0.02822431428,0.1816175465,0.9215913012,0.9750942267,0.951722199,0.9533873806
depth,0.02822431428,1,-0.2957785215,-0.01064740458,-0.02528924698,-0.0293406707,0.0949238824
table,0.1816175465,-0.2957785215,1,0.1271339021,0.195344281,0.1837601471,0.1509286916
price,0.9215913012,-0.01064740458,0.1271339021,1,0.884435161,0.8654208979,0.8612494439
x,0.9750942267,-0.02528924698,0.195344281,0.884435161,1,0.9747014797,0.9707717986
y,0.951722199,-0.0293406707,0.1837601471,0.8654208979,0.9747014797,1,0.9520057162
z,0.9533873806,0.0949238824,0.1509286916,0.8612494439,0.9707717986,0.9520057162,1
END
cat >spearman.txt <<'END'
carat,1,0.03010374971,0.1949803223,0.9628827989,0.9961166042,0.9955717486,0.9931834443
depth,0.03010374971,1,-0.2450611436,0.01001966963,-0.02344221337,-0.02542521634,0.1034983641
table,0.1949803223,-0.2450611436,1,0.1717844779,0.2022306054,0.195734056,0.159878249
price,0.9628827989,0.01001966963,0.1717844779,1,0.9631961087,0.9627188194,0.9572322686
x,0.9961166042,-0.02344221337,0.2022306054,0.9631961087,1,0.9978949276,0.9873553172
y,0.9955717486,-0.02542521634,0.195734056,0.9627188194,0.9978949276,1,0.9870675118
z,0.9931834443,0.1034983641,0.159878249,0.9572322686,0.9873553172,0.9870675118,1
END
for method in pearson spearman; do
    check "correlations of diamonds" \
        "$QUERN" describe "$diamonds" --correlate --method $method --format csv --quiet
    cp .stdout one.csv
    same "$method's correlations are R's" "$(rounded one.csv)" "$(cat $method.txt)"
    for count in 2 3 7; do
        ranks $count "$QUERN" describe "$diamonds" --correlate --method $method --format csv \
            --quiet >many.csv
        check "$method: the same bytes on $count ranks" cmp one.csv many.csv
    done
done

# R 4.2.2: oneway.test(x ~ cut, var.equal = TRUE), chisq.test(x, cut, correct = FALSE)
cat >cut.txt <<'END'
carat,anova,53940,495.6942593,4,53935,0
color,chi2,53940,310.3179005,24,,1.394512092e-51
clarity,chi2,53940,4391.398067,28,,0
depth,anova,53940,1897.408587,4,53935,0
table,anova,53940,6367.179434,4,53935,0
price,anova,53940,175.6887174,4,53935,8.428307307e-150
x,anova,53940,489.3942696,4,53935,0
y,anova,53940,395.7202028,4,53935,0
z,anova,53940,489.3982084,4,53935,0
END
check "diamonds against a label" "$QUERN" describe "$diamonds" --label cut --format csv --quiet
cp .stdout one.csv
same "tests are R's" "$(rounded one.csv)" "$(cat cut.txt)"
for count in 2 3 7; do
    ranks $count "$QUERN" describe "$diamonds" --label cut --format csv --quiet >many.csv
    check "tests: the same bytes on $count ranks" cmp one.csv many.csv
done
# R: oneway.test(price ~ cut, var.equal = TRUE); t^2 and p of cor.test(depth, price)
"$QUERN" describe "$diamonds" --label price --format csv --quiet >price.csv
contains "the label in groups of a column" "$(rounded price.csv)" \
    "cut,anova,53940,175.6887174,4,53935,8.428307307e-150"
contains "regression" "$(rounded price.csv)" \
    "depth,f_regression,53940,6.115494645,1,53938,0.01340324901"

# May 1973 of R's data set airquality; what is missing differs between columns.
tr ' ' '\n' >may.csv <<'END'
Ozone,Solar.R,Wind,Temp,Month,Day 41,190,7.4,67,5,1 36,118,8,72,5,2 12,149,12.6,74,5,3 18,313,11.5,62,5,4 ,,14.3,56,5,5 28,,14.9,66,5,6 23,299,8.6,65,5,7 19,99,13.8,59,5,8 8,19,20.1,61,5,9 ,194,8.6,69,5,10 7,,6.9,74,5,11 16,256,9.7,69,5,12 11,290,9.2,66,5,13 14,274,10.9,68,5,14 18,65,13.2,58,5,15 14,334,11.5,64,5,16 34,307,12,66,5,17 6,78,18.4,57,5,18 30,322,11.5,68,5,19 11,44,9.7,62,5,20 1,8,9.7,59,5,21 11,320,16.6,73,5,22 4,25,9.7,61,5,23 32,92,12,61,5,24 ,66,16.6,57,5,25 ,266,14.9,58,5,26 ,,8,57,5,27 23,13,12,67,5,28 45,252,14.9,81,5,29 115,223,5.7,79,5,30 37,279,7.4,76,5,31
END
# R 4.2.2: cor(a, use = "pairwise.complete.obs", method = ...); the month is constant
cat >pearson.txt <<'END'
Ozone,1,0.2428635412,-0.3742975471,0.5540791502,,0.3015526744
Solar.R,0.2428635412,1,-0.2268857944,0.4547569309,,-0.06435734451
Wind,-0.3742975471,-0.2268857944,1,-0.3732760331,,0.001972486591
Temp,0.5540791502,0.4547569309,-0.3732760331,1,,0.09199044822
Month,,,,,,
Day,0.3015526744,-0.06435734451,0.001972486591,0.09199044822,,1
END
cat >spearman.txt <<'END'
Ozone,1,0.3082955899,-0.1861588016,0.4608921823,,0.07290780519
Solar.R,0.3082955899,1,-0.1647788831,0.4269120336,,-0.1074481074
Wind,-0.1861588016,-0.1647788831,1,-0.4071899757,,0.03173651548
Temp,0.4608921823,0.4269120336,-0.4071899757,1,,0.008080006798
Month,,,,,,
Day,0.07290780519,-0.1074481074,0.03173651548,0.008080006798,,1
END
for method in pearson spearman; do
    for count in 1 3; do
        ranks $count "$QUERN" describe may.csv --correlate --method $method --format csv \
            --quiet >may_out.csv
        same "$method's of pairs, $count ranks" "$(rounded may_out.csv)" "$(cat $method.txt)"
    done
done
# R 4.2.2: t^2, df and p of cor.test(Ozone, Solar.R)
"$QUERN" describe may.csv --label Ozone --format csv --quiet >may_out.csv
contains "rows without a value are left out" "$(rounded may_out.csv)" \
    "Solar.R,f_regression,24,1.37895381,1,22,0.2528346263"
contains "constant" "$(cat may_out.csv)" "Month,f_regression,26,0,0,0,1"
"$QUERN" describe may.csv --label Temp --label-type categorical --format json --quiet >may.json
check "json is valid" python3 -m json.tool may.json
contains "a number as categories" "$(cat may.json)" '"test": "anova"'
contains "for people" "$("$QUERN" describe may.csv --correlate --quiet)" "Temp      0.5541   0.4548  -0.3733   1.0000      -   0.0920"

printf 'x,t\n1,a\nnan,b\n2,c\ninf,d\n' >odd.csv
refuses "one column of numbers" 67 "two columns of numbers or bools, but there is one" \
    "$QUERN" describe odd.csv --correlate
refuses "no such label" 65 "'T'" "$QUERN" describe odd.csv --label T
refuses "a text is not continuous" 65 "must be a number" \
    "$QUERN" describe odd.csv --label t --label-type continuous
printf 'x,y\n1,2\nnan,3\n2,5\ninf,7\n4,9\n' >odd.csv
"$QUERN" describe odd.csv --correlate --format csv >odd_out.csv 2>odd.err
contains "NaN and infinities are told" "$(cat odd.err)" "2 values that are NaN or infinite"
contains "and left out" "$(cat odd_out.csv)" "0.994191" # of (1, 2), (2, 5), (4, 9): numpy 2
finish
