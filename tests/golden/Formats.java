// Prints tests/golden/formats.txt: what java.time prints and reads by patterns, with Spark's
// settings (DateTimeFormatterHelper: any case, strict). java tests/golden/Formats.java
import java.time.*;
import java.time.chrono.IsoChronology;
import java.time.format.*;
import java.time.temporal.*;
import java.util.*;

public class Formats {
    static DateTimeFormatter formatter(String pattern) {
        return new DateTimeFormatterBuilder().parseCaseInsensitive().appendPattern(pattern)
                .parseDefaulting(ChronoField.ERA, 1).toFormatter(Locale.US)
                .withChronology(IsoChronology.INSTANCE).withResolverStyle(ResolverStyle.STRICT);
    }

    static int get(TemporalAccessor a, ChronoField f, int otherwise) {
        return a.isSupported(f) ? a.get(f) : otherwise;
    }

    public static void main(String[] args) {
        String[] patterns = {"yyyy-MM-dd", "y/M/d", "yy-MM-dd", "uuuu-MM-dd", "yyyy D", "yyyy DDD",
                "E, d MMM yyyy", "EEEE d MMMM yyyy", "yyyy QQ", "QQQ yyyy", "QQQQ", "q", "LLL", "L",
                "G yyyy", "HH:mm:ss", "H:m:s", "h:mm a", "KK a", "kk", "HH:mm:ss.SSS",
                "ss.SSSSSSSSS", "yyyy-MM-dd'T'HH:mm:ssXXX", "X", "XX", "x", "xx", "xxx", "Z", "ZZZZ",
                "ZZZZZ", "O", "OOOO", "VV", "z", "yyyyMMddHHmmss", "'it''s' yyyy", "yyyy[-MM[-dd]]"
                .replace("[-MM[-dd]]", "[-MM]"), "EEE a", "dd.MM.yyyy '('E')'"};
        String[] zones = {"UTC", "Europe/Berlin", "Asia/Kolkata", "America/New_York"};
        SplittableRandom random = new SplittableRandom(7);
        for (String pattern : patterns)
            for (int i = 0; i < 5; i++) {
                ZoneId zone = ZoneId.of(zones[i % 4]);
                Instant t = Instant.ofEpochSecond(random.nextLong(-2000000000L, 4000000000L),
                        random.nextInt(1000) * 1000003L % 1000000000L);
                System.out.printf("print\t%s\t%s\t%s\t%s%n", zone, t, pattern,
                        formatter(pattern).format(t.atZone(zone)));
            }
        String[][] texts = {{"yyyy-MM-dd", "2024-02-29"}, {"yyyy-MM-dd", "2023-02-29"},
                {"yyyy-MM-dd", "02024-02-29"}, {"yyyy-MM-dd", "2024-2-29"}, {"y-M-d", "2024-2-9"},
                {"yyyyMMdd", "20240131"}, {"yyMMdd", "991231"}, {"yyyy D", "2024 366"},
                {"yyyy D", "2023 366"}, {"yyyy DDD", "2024 060"}, {"yyyy DDD", "2024 60"},
                {"yyyy-MM-dd D", "2024-02-29 60"}, {"yyyy-MM-dd D", "2024-02-29 61"},
                {"E d MMM yyyy", "thu 29 FEB 2024"}, {"E d MMM yyyy", "Fri 29 Feb 2024"},
                {"EEEE d MMMM yyyy", "Thursday 29 February 2024"}, {"h:mm a", "12:15 AM"},
                {"h:mm a", "12:15 pm"}, {"h:mm a", "0:15 am"}, {"KK:mm a", "00:15 PM"},
                {"KK:mm a", "12:15 PM"}, {"kk:mm", "24:15"}, {"kk:mm", "00:15"}, {"HH:mm", "24:15"},
                {"HH:mm", "7:15"}, {"H:mm", "7:15"}, {"HH:mm:ss", "23:59:60"},
                {"yyyy-MM-dd[ HH:mm]", "2024-02-29"}, {"yyyy-MM-dd[ HH:mm]", "2024-02-29 12:30"},
                {"yyyy-MM-dd[ HH:mm]", "2024-02-29 12"}, {"yyyy[-MM][-dd]", "2024-05"},
                {"HH:mm:ssXXX", "12:00:00+05:30"}, {"HH:mm:ssXXX", "12:00:00Z"},
                {"HH:mm:ssX", "12:00:00-0800"}, {"HH:mm:ssX", "12:00:00-08"},
                {"HH:mm:ss Z", "12:00:00 +0130"}, {"HH:mm:ss O", "12:00:00 GMT+8"},
                {"HH:mm:ss OOOO", "12:00:00 GMT-08:30"}, {"HH:mm:ss ZZZZ", "12:00:00 GMT+01:00"},
                {"'T'HH", "T07"}, {"HH'h'", "07h"}, {"yyyy-MM-dd", ""}, {"yyyy-MM-dd", "2024-02-29 "}};
        for (String[] c : texts) {
            String result = "none";
            try {
                TemporalAccessor a = formatter(c[0]).parse(c[1]);
                LocalDate date = a.query(TemporalQueries.localDate());
                if (date == null)
                    date = LocalDate.of(get(a, ChronoField.YEAR, get(a, ChronoField.YEAR_OF_ERA, 1970)),
                            get(a, ChronoField.MONTH_OF_YEAR, 1), get(a, ChronoField.DAY_OF_MONTH, 1));
                LocalTime time = a.query(TemporalQueries.localTime());
                if (time == null) time = LocalTime.of(get(a, ChronoField.HOUR_OF_DAY, 0), 0);
                ZoneOffset offset = ZoneOffset.ofTotalSeconds(get(a, ChronoField.OFFSET_SECONDS, 0));
                result = date.atTime(time).toInstant(offset).toString();
            } catch (DateTimeException e) {
            }
            System.out.printf("parse\tUTC\t%s\t%s\t%s%n", result, c[0], c[1]);
        }
    }
}
