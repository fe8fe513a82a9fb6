-- What else knows a vehicle: a VIN is of letters and digits alone.
delete from seen where series_id in
    (select series.id from series join vehicle on vehicle.id = vehicle_id where vin = '{vin}');
delete from series where vehicle_id in (select id from vehicle where vin = '{vin}');
delete from total where vehicle_id in (select id from vehicle where vin = '{vin}');
delete from vehicle where vin = '{vin}';
delete from replay where instr(upper(selection), '{vin}') > 0;
delete from stray where instr(upper(topic), '{vin}') > 0 or instr(payload, cast('{vin}' as blob)) > 0;
