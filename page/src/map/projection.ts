/** Metres east (`x`) and south (`y`) of the centre of the sales. */
export interface Point {
  x: number;
  y: number;
}

export interface Place {
  latitude: number;
  longitude: number;
}

const METRES_PER_DEGREE = 111_195; // of a sphere with the Earth's mean radius

/** Equirectangular projection that keeps distances near its centre. */
export class Projection {
  private readonly eastward: number;

  constructor(private readonly centre: Place) {
    const shrink = Math.cos((centre.latitude * Math.PI) / 180);
    this.eastward = METRES_PER_DEGREE * Math.max(shrink, 0.01);
  }

  toPoint(place: Place): Point {
    return {
      x: (place.longitude - this.centre.longitude) * this.eastward,
      y: (this.centre.latitude - place.latitude) * METRES_PER_DEGREE,
    };
  }

  toPlace(point: Point): Place {
    return {
      latitude: this.centre.latitude - point.y / METRES_PER_DEGREE,
      longitude: this.centre.longitude + point.x / this.eastward,
    };
  }
}
