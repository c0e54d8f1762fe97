// SPDX-License-Identifier: GPL-2.0

//! Numbers as Go writes them, which is what a bound's label has to look like: series are told apart
//! by it, so that the same bound has to be the same text in each of the formats.

/// `value` as by `strconv.FormatFloat(value, 'g', -1, 64)`.
pub fn short(value: f64) -> String {
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..6).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.abs())
        }
        _ => value.to_string(),
    }
}

/// The same as OpenMetrics wants it: one can see that it is no whole number.
pub fn open_metrics(value: f64) -> String {
    let text = short(value);
    if text.contains(['.', 'e']) {
        text
    } else {
        text + ".0"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_go_does() {
        for (value, text) in [
            (0.0, "0"),
            (255.0, "255"),
            (0.25, "0.25"),
            (262_143.0, "262143"),
            (999_999.0, "999999"),
            (1_000_000.0, "1e+06"),
            (1_048_575.0, "1.048575e+06"),
            (67_108_863.0, "6.7108863e+07"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5e100, "1.5e+100"),
            (-1_048_575.0, "-1.048575e+06"),
        ] {
            assert_eq!(short(value), text);
        }
    }

    #[test]
    fn as_open_metrics_wants_it() {
        assert_eq!(open_metrics(255.0), "255.0");
        assert_eq!(open_metrics(0.25), "0.25");
        assert_eq!(open_metrics(1_048_575.0), "1.048575e+06");
    }
}
